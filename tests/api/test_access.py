"""Keys, scopes, limits and small groups."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.app import ROUTERS
from api.marts import PATHS as MART_PATHS
from api.marts import router as marts
from tests.api.conftest import NOW, Service, make_key
from watchhouse.apikeys import SCOPES, KeyStore
from watchhouse.cli import main
from watchhouse.layout import Home
from watchhouse.releases import open_current

EVENT = {"user_id": "u"}

PATHS: dict[tuple[str, str], str | None] = {
    ("GET", "/health"): None,
    ("GET", "/ready"): None,
    ("GET", "/docs"): None,
    ("GET", "/docs/start.js"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/analytics"): "read:aggregate",
    ("GET", "/shows/Dark/analytics"): "read:aggregate",
    ("GET", "/v1/shows"): "read:aggregate",
    ("GET", "/v1/quality"): "read:aggregate",
    ("GET", "/v1/quarantine"): "read:aggregate",
    ("GET", "/metrics"): "admin",
    ("GET", "/v1/metrics"): "read:aggregate",
    ("GET", "/v1/metrics/query?metrics=plays"): "read:aggregate",
    ("GET", "/v1/live"): "read:aggregate",
    ("GET", "/v1/releases"): "read:aggregate",
    ("GET", "/v1/releases/current"): "read:aggregate",
    ("GET", "/users/u0/analytics"): "read:user",
    ("GET", "/v1/users/u0"): "read:user",
    ("GET", "/v1/users/u0/history"): "read:user",
    ("POST", "/events"): "write:events",
    ("POST", "/events/batch"): "write:events",
}


def require_all_paths(table: dict[tuple[str, str], str | None]) -> None:
    """Fail for a route that the table of paths and scopes has forgotten."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    reached = set()
    for method, path in table:
        bare = path.partition("?")[0]
        matching = [
            route
            for route in routes
            if method in (route.methods or ()) and route.path_regex.match(bare)
        ]
        # The first one answers.
        reached |= {route.path_format for route in matching[:1]}
    assert {route.path_format for route in routes} == reached


def test_each_path_wants_its_scope(reading: Callable[..., Service], home: Home) -> None:
    keys = {scope: make_key(home, scope) for scope in SCOPES}
    service = reading()
    with open_current(home) as release:
        found = release.cursor().execute("select show_id from dim_shows limit 1").fetchone()
    assert found is not None
    there = {route.path_format for route in marts.routes if isinstance(route, APIRoute)}
    of_marts = {
        ("GET", path.path.format(show_id=found[0])): str(path.scope)
        for path in MART_PATHS
        if path.path in there
    }
    assert len(of_marts) == len(there)
    table = PATHS | of_marts | {("GET", f"/v1/shows/{found[0]}"): "read:aggregate"}
    require_all_paths(table)
    with service.client() as client:
        for (method, path), wanted in table.items():
            event = [EVENT] if path.endswith("batch") else EVENT
            body = {"json": event} if method == "POST" else {}
            bare = client.request(method, path, **body)  # type: ignore[arg-type]
            assert bare.status_code == (200 if wanted is None else 401), path
            for scope, headers in keys.items():
                answer = client.request(method, path, headers=headers, **body)  # type: ignore[arg-type]
                allowed = wanted in {None, scope} or scope == "admin"
                assert (answer.status_code < 300) == allowed, (path, scope)
                assert allowed or answer.status_code == 403, (path, scope)


def test_small_groups_are_hidden_from_those_who_may_not_read_users(
    reading: Callable[..., Service], home: Home
) -> None:
    aggregate = make_key(home, "read:aggregate")
    both = make_key(home, "read:aggregate", "read:user")
    service = reading()

    def get(path: str, headers: dict[str, str]) -> dict[str, Any]:
        with service.client() as client:
            found: dict[str, Any] = client.get(path, headers=headers).json()
        return found

    assert [show["show_name"] for show in get("/analytics", aggregate)["top_shows"]] == ["Dark"]
    assert get("/analytics", aggregate)["is_suppressed"]
    solo = get("/shows/Solo/analytics", aggregate)
    assert solo["is_suppressed"]
    assert (solo["total_hours"], solo["unique_viewers"], solo["top_viewers"]) == (None, None, None)
    assert {day["hours"] for day in solo["recent_activity"]} == {None}
    dark = get("/shows/Dark/analytics", aggregate)
    assert (dark["unique_viewers"], dark["is_suppressed"], dark["top_viewers"]) == (8, False, None)
    assert get("/shows/Solo/analytics", both)["total_hours"] == 3.0


def test_an_answer_at_hand_is_for_those_alone_who_may_see_it(
    reading: Callable[..., Service], home: Home
) -> None:
    aggregate = make_key(home, "read:aggregate")
    both = make_key(home, "read:aggregate", "read:user")
    writer = make_key(home, "write:events")
    service = reading()
    with service.client() as client:
        for path in ("/analytics", "/v1/activity", "/v1/shows?q=a"):
            # The second answer is given without looking for a route; so is the third.
            first, second = (client.get(path, headers=both) for _ in range(2))
            assert (first.status_code, second.content) == (200, first.content)
            volatile = {"date", "ratelimit-remaining", "ratelimit-reset"}
            kept = [
                {k: v for k, v in a.headers.items() if k not in volatile} for a in (first, second)
            ]
            assert kept[0] == kept[1]
            tag = {"If-None-Match": first.headers["etag"]}
            unchanged = client.get(path, headers=both | tag)
            assert (unchanged.status_code, unchanged.content) == (304, b"")
            assert client.get(path, headers=writer).status_code == 403
            assert client.get(path, headers=writer | tag).status_code == 403
            assert client.get(path).status_code == 401
            csv = client.get(path, headers=both | {"Accept": "text/csv"})
            assert csv.headers["etag"] != first.headers["etag"] or path == "/analytics"
        whole, hidden = (client.get("/analytics", headers=key).json() for key in (both, aggregate))
    assert (whole["is_suppressed"], hidden["is_suppressed"]) == (False, True)


def test_each_read_of_a_user_is_recorded_however_often(
    reading: Callable[..., Service], home: Home
) -> None:
    key = make_key(home, "read:user")
    with reading().client() as client:
        for _ in range(3):
            assert client.get("/v1/users/u0", headers=key).status_code == 200
    (recorded,) = home.audit.iterdir()
    assert len(recorded.read_text().splitlines()) == 3


def test_a_revoked_key_is_none(reading: Callable[..., Service], home: Home) -> None:
    headers = make_key(home, "admin")
    service = reading()
    with service.client() as client:
        assert client.get("/analytics", headers=headers).status_code == 200
        key_id = headers["Authorization"].split("_")[1]
        KeyStore(home.api_keys).revoke(key_id, now=NOW)
        # The last key is revoked, and that opens nothing.
        assert client.get("/analytics", headers=headers).status_code == 401
        assert client.get("/analytics").status_code == 401


def test_a_key_has_so_many_requests_a_minute(serve: Callable[..., Service], home: Home) -> None:
    headers = make_key(home, "admin")
    other = make_key(home, "admin")
    service = serve(variables={"WATCHHOUSE_API_REQUESTS_PER_MINUTE": "3"})
    with service.client() as client:
        answers = [client.get("/health", headers=headers) for _ in range(8)]
        statuses = [answer.status_code for answer in answers]
        # A minute may end in between: then there are twice as many.
        assert statuses.count(429) in {2, 5}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"]
        assert answers[0].headers["ratelimit-limit"] == "3"
        assert client.get("/health", headers=other).status_code == 200


def test_two_senders_may_use_the_same_idempotency_key(
    serve: Callable[..., Service], home: Home
) -> None:
    one, other = make_key(home, "write:events"), make_key(home, "write:events")
    service = serve()
    with service.client() as client:
        answers = [
            client.post(
                "/events", json={"user_id": name}, headers=headers | {"Idempotency-Key": "1"}
            )
            for name, headers in (("a", one), ("b", other))
        ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() != answers[1].json()


def test_keys_are_made_listed_and_revoked(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(home.root))
    assert main(["api-keys", "create", "reports", "--scope", "read:aggregate"]) == 0
    key = capsys.readouterr().out.strip()
    assert main(["api-keys", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["name"], listed["scopes"]) == ("reports", ["read:aggregate"])
    stored = b"".join(path.read_bytes() for path in home.api_keys.iterdir())
    assert key.split("_")[2].encode() not in stored
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.api_keys.iterdir())
    assert main(["api-keys", "revoke", listed["key_id"]]) == 0
    assert KeyStore(home.api_keys).find(key) is None
    assert main(["api-keys", "revoke", "none"]) == 2


@pytest.mark.parametrize("text", ["", "wh", "wh_x_y", "wh__", "other_a_b", "wh_\u00e9_\ud800"])
def test_what_is_no_key_is_none(home: Home, text: str) -> None:
    make_key(home, "admin")
    assert KeyStore(home.api_keys).find(text) is None
