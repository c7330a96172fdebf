"""What the service tells of its own work."""

import time
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import Service, make_key
from watchhouse.layout import Home

_Samples = dict[tuple[str, ...], float]


def scrape(service: Service, **headers: str) -> _Samples:
    """Return each sample by its name and labels, but for the worker."""
    with service.client() as client:
        answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(v for k, v in sorted(sample.labels.items()) if k != "worker")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_template_method_and_status(
    reading: Callable[..., Service],
) -> None:
    service = reading()
    with service.client() as client:
        for _ in range(3):
            tag = client.get("/v1/shows?q=a").headers["etag"]
        client.get("/v1/shows?q=a", headers={"If-None-Match": tag})
        client.get("/v1/users/u0")
        client.get("/v1/users/u1")
        client.get("/v1/users/secret-name")
        client.get("/secret-path")
        client.request("TRACE", "/v1/shows")
        client.post("/events", json={"user_id": "u"})
    found = scrape(service)
    requests = {
        key[1:]: value for key, value in found.items() if key[0] == "watchhouse_http_requests_total"
    }
    assert requests == {
        ("GET", "/v1/shows", "200"): 3,
        ("GET", "/v1/shows", "304"): 1,
        ("GET", "/v1/users/{user_id}", "200"): 2,
        ("GET", "/v1/users/{user_id}", "404"): 1,
        ("GET", "none", "404"): 1,
        ("other", "/v1/shows", "405"): 1,
        ("POST", "/events", "202"): 1,
    }
    assert found["watchhouse_http_request_seconds_count", "GET", "/v1/shows"] == 4
    assert 0 < found["watchhouse_http_request_seconds_sum", "GET", "/v1/shows"] < 30
    # Three of the answers were at hand; three were read: the shows and two users.
    assert found["watchhouse_answers_total", "front"] == 3
    assert found["watchhouse_answers_total", "release"] == 3
    assert not any("secret" in part.lower() for key in found for part in key)


def test_the_release_and_the_age_of_its_data_are_told(reading: Callable[..., Service]) -> None:
    found = scrape(reading())
    assert found["watchhouse_release",] == 1
    # The latest play starts on 2026-10-20 at noon.
    assert abs(found["watchhouse_data_age_seconds",] - (time.time() - 1_792_497_600)) < 60


def test_before_a_release_nothing_is_said_of_one(service: Service) -> None:
    names = {key[0] for key in scrape(service)}
    assert not names & {"watchhouse_release", "watchhouse_data_age_seconds"}


def test_a_refused_request_is_counted_too(service: Service, home: Home) -> None:
    admin = make_key(home, "admin")
    with service.client() as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"X-API-Key": "wh_a_b"}).status_code == 401
    found = scrape(service, **admin)
    assert found["watchhouse_http_requests_total", "GET", "/metrics", "401"] == 1
    assert found["watchhouse_http_requests_total", "GET", "none", "401"] == 1
