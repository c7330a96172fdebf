"""Every answer says where its figures come from: release, data, definitions, level."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.answers import MEDIA_TYPES
from api.provenance import figures, figures_of
from tests.api.conftest import Service
from watchhouse.headers import PROVENANCE
from watchhouse.manifests import read_manifest
from watchhouse.metrics import load_metrics

VERSIONS = {metric.name: metric.version for metric in load_metrics()}
OF = {metric.name: metric.level for metric in load_metrics()}
LEVELS = {
    "/analytics": "L0",
    "/users/u0/analytics": "L0",
    "/shows/Dark/analytics": "L1",
    "/v1/shows": None,
    "/v1/shows/{show}": "L0",
    "/v1/shows/{show}/days": "L1",
    "/v1/shows/{show}/progress": "L2",
    "/v1/shows/{show}/affinity": "L0",
    "/v1/users/u0": "L0",
    "/v1/users/u0/history": "L1",
    "/v1/quality": "L0",
    "/v1/quarantine": None,
    "/v1/top10": "L1",
    "/v1/activity": "L0",
    "/v1/experiments": "L2",
    "/v1/restatements": "L1",
    "/v1/live": "L0",
    "/v1/metrics/query?metrics=plays": "L0",
    "/v1/metrics/query?metrics=plays,complete_plays": "L1",
    "/v1/metrics/query?metrics=rewatch_rate": "L2",
}


def said(answer: httpx.Response) -> dict[str, Any]:
    """Return what the headers say, in the words of the body."""
    found = {
        name: answer.headers[f"watchhouse-{name.replace('_', '-')}"] or None
        for name in ("release", "data_as_of", "metric_version", "data_level", "data_levels")
    }
    members = (found["data_levels"] or "").split(", ")
    levels = dict(member.split("=") for member in members if member)
    return found | {"release": int(found["release"] or 0), "data_levels": levels}


def test_every_answer_names_version_and_level(reading: Callable[..., Service]) -> None:
    with reading().client() as client:
        show = client.get("/v1/shows?q=dark").json()["items"][0]["show_id"]
        for path, level in LEVELS.items():
            answer = client.get(path.format(show=show))
            assert answer.status_code == 200, (path, answer.text)
            found = answer.json()
            assert found["data_level"] == level, path
            assert found["data_levels"] == {name: OF[name] for name in found["data_levels"]}
            assert max(found["data_levels"].values(), default=None) == level, path
            assert (found["metric_version"] is None) == (level is None), path
            assert said(answer) == {name: found[name] for name in said(answer)}, path
        paths = client.get("/openapi.json").json()["paths"]
        asked = client.get("/v1/metrics/query?metrics=rewatch_rate,complete_plays,plays").json()
    assert asked["data_levels"] == {"complete_plays": "L1", "plays": "L0", "rewatch_rate": "L2"}
    for path, operations in paths.items():
        # What reads a release reads `as_of`, or is the tail of one.
        names = {each["name"] for each in operations.get("get", {}).get("parameters", ())}
        if "as_of" in names or path == "/v1/live":
            headers = operations["get"]["responses"]["200"]["headers"]
            assert set(PROVENANCE.values()) <= set(headers), path


@pytest.mark.parametrize(
    "path", ["/v1/activity", "/v1/shows", "/v1/metrics/query?metrics=complete_plays"]
)
def test_every_format_says_the_same(reading: Callable[..., Service], path: str) -> None:
    with reading().client() as client:
        whole = client.get(path)
        expected = said(whole)
        assert {name: whole.json()[name] for name in expected} == expected
        for media_type in MEDIA_TYPES.values():
            # Read from the release, kept before routing, and unchanged.
            for _ in range(2):
                answer = client.get(path, headers={"Accept": media_type})
                assert answer.headers["content-type"].startswith(media_type)
                assert said(answer) == expected
            unchanged = client.get(
                path, headers={"Accept": media_type, "If-None-Match": answer.headers["etag"]}
            )
            assert (unchanged.status_code, said(unchanged)) == (304, expected)


def test_a_version_changes_with_every_definition_in_the_answer(published: Path) -> None:
    manifest = read_manifest(published / "current")
    assert manifest.metric_versions == VERSIONS
    plays = figures({"plays"})
    both = figures({"plays", "users"})
    assert plays.version(manifest) == VERSIONS["plays"]
    assert re.fullmatch("[0-9a-f]{8}", both.version(manifest) or "")
    changed = VERSIONS | {"users": "00000000"}
    earlier = manifest.model_copy(update={"metric_versions": changed})
    assert both.version(earlier) not in {None, both.version(manifest)}
    assert plays.version(earlier) == plays.version(manifest)
    # What this program computes itself is by its own definitions, whatever the release is by.
    ours = figures({"users"}, are_computed_here=True)
    assert (figures({"users"}).version(earlier), ours.version(earlier)) == (
        *("00000000", VERSIONS["users"]),
    )
    unknown = manifest.model_copy(update={"metric_versions": {}})
    assert (both.version(unknown), both.level) == (None, "L0")


@pytest.mark.parametrize(
    ("column", "metric"),
    [
        ("hours_viewed", "hours_viewed"),
        ("complete_play_count_before", "complete_plays"),
        ("previous_user_count", "users"),
        ("avg_view_duration_minutes", "avg_view_duration"),
        ("show_name", None),
    ],
)
def test_columns_are_named_for_metrics(column: str, metric: str | None) -> None:
    found = [each.name for each in figures_of("no_mart", [column]).metrics]
    assert found == ([] if metric is None else [metric])
