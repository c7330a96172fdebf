"""What a worker counts of its own work, in the format that Prometheus reads."""

import os
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from watchhouse.manifests import ReleaseManifest

Source = Literal["front", "cache", "release"]
"""Given before routing; rendered before; or read from the release."""
NO_ROUTE: Final = "none"
"""Of requests that were refused, or that no route is for: their paths are not ours to list."""
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measures:
    """Counters of one worker; each worker has its own, told apart by the label `worker`."""

    def __init__(self) -> None:
        """Begin at 0, in a registry that nothing else writes to."""
        self._worker = str(os.getpid())
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "watchhouse_http_requests",
            "Requests that were answered.",
            ("worker", "route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "watchhouse_http_request_seconds",
            "Time from a request to the end of its answer.",
            ("worker", "route", "method"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._of_route = cache(self._counted)
        self._answers = Counter(
            "watchhouse_answers",
            "Answers about a release, by what gave them: front and cache are hits.",
            ("worker", "source"),
            registry=self._registry,
        )

    def count_request(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """Count a request by its route's template, never by its path, which names users."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        count, times = self._of_route(template_of(scope), method, status)
        count.inc()
        times.observe(seconds)

    def _counted(self, route: str, method: str, status: int) -> tuple[Counter, Histogram]:
        """Return the counters of such requests; finding them takes longer than counting does."""
        return (
            self._requests.labels(self._worker, route, method, str(status)),
            self._seconds.labels(self._worker, route, method),
        )

    def count_answer(self, source: Source) -> None:
        """Count an answer about a release."""
        self._answers.labels(self._worker, source).inc()

    def text(self, manifest: ReleaseManifest | None, now: datetime) -> bytes:
        """Return everything; of the release only what is known, so nothing before the first."""
        release = CollectorRegistry()
        if manifest is not None:
            current = Gauge(
                "watchhouse_release", "Number of the current release.", registry=release
            )
            current.set(manifest.release_id)
            if manifest.data_as_of is not None:
                age = Gauge(
                    "watchhouse_data_age_seconds",
                    "Time since the latest start of a play in the current release.",
                    registry=release,
                )
                age.set((now - manifest.data_as_of).total_seconds())
        return generate_latest(self._registry) + generate_latest(release)


def template_of(scope: Mapping[str, Any]) -> str:
    """Return the template of the route that a request went to."""
    known: str | None = scope.get("template") or getattr(scope.get("route"), "path_format", None)
    return known or NO_ROUTE
