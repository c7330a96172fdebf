"""Answers from a release: true, the same in every format, unchanged when nothing changed."""

import base64
import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.api.conftest import Service
from tests.releases import KEY
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.releases import open_current


def pseudonym(user: str) -> str | None:
    return Pseudonymiser(bytes.fromhex(KEY)).pseudonym(user)


def get(service: Service, path: str, **headers: str) -> dict[str, Any]:
    with service.client() as client:
        answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["release"] == 1
    assert found["data_as_of"] == "2026-10-20T12:00:00Z"
    return found


def test_all_viewing_is_summed_up_to_where_the_data_ends(
    reading: Callable[..., Service],
) -> None:
    service = reading()
    whole = get(service, "/analytics")
    assert (whole["total_hours"], whole["total_sessions"], whole["unique_users"]) == (84.0, 84, 8)
    assert [(show["show_name"], show["hours"]) for show in whole["top_shows"]] == [
        ("Dark", 80.0),
        ("Solo", 3.0),
        ("NCIS/LA", 1.0),
    ]
    with open_current(service.home) as release:
        scores = dict(
            release.cursor().execute("select user_id, engagement_score from rpt_users").fetchall()
        )
    assert len(scores) == 8
    assert whole["avg_engagement"] == pytest.approx(sum(scores.values()) / 8)
    mine = scores[pseudonym("u0")]
    assert get(service, "/users/u0/analytics")["avg_engagement"] == mine
    assert get(service, "/v1/users/u0")["engagement_score"] == mine
    assert len(whole["recent_activity"]) == 10
    one_day = get(service, "/analytics?days=1")
    assert (one_day["total_hours"], one_day["unique_users"]) == (8.0, 8)
    assert [day["activity_date"] for day in one_day["recent_activity"]] == ["2026-10-20"]


def test_a_user_is_found_by_the_raw_identifier_and_recorded(
    reading: Callable[..., Service],
) -> None:
    service = reading()
    found = get(service, "/users/u0/analytics")
    assert (found["total_hours"], found["total_sessions"]) == (13.0, 13)
    assert [show["show_name"] for show in found["favorite_shows"]] == ["Dark", "Solo"]
    profile = get(service, "/v1/users/u0")
    assert (profile["user_id"], profile["play_count"]) == (pseudonym("u0"), 13)
    assert profile["first_watched_at"] == "2026-10-11T12:00:00Z"
    with service.client() as client:
        assert client.get("/users/nobody/analytics").status_code == 404
        assert client.get("/v1/users/nobody").status_code == 404
        assert client.get("/v1/users/nobody/history").status_code == 404
    lines = "".join(path.read_text() for path in service.home.audit.iterdir())
    recorded = [json.loads(line)["user_id"] for line in lines.splitlines()]
    assert recorded == [pseudonym("u0")] * 2 + [pseudonym("nobody")] * 3


@pytest.mark.parametrize("name", ["Dark", "%20dark%20", "DARK"])
def test_a_show_is_found_by_name(reading: Callable[..., Service], name: str) -> None:
    found = get(reading(), f"/shows/{name}/analytics")
    assert (found["total_hours"], found["unique_viewers"], found["show_name"]) == (80.0, 8, "Dark")
    assert found["avg_completion_rate"] is None
    assert len(found["top_viewers"]) == 8


def test_a_name_may_hold_a_slash(reading: Callable[..., Service]) -> None:
    service = reading()
    for name in ("NCIS/LA", "NCIS%2FLA"):
        found = get(service, f"/shows/{name}/analytics")
        assert (found["unique_viewers"], found["avg_completion_rate"]) == (1, 0.75)
    with service.client() as client:
        assert client.get("/shows/Nothing/analytics").status_code == 404


def test_a_user_may_have_slashes(reading: Callable[..., Service]) -> None:
    service = reading()
    names = ("org/7", "org%2F7", "a%2Fb/c", "%2F", "x/history")
    with service.client() as client:
        for name in names:
            for path in (f"/users/{name}/analytics", f"/v1/users/{name}/history"):
                assert client.get(path).json()["type"].endswith("unknown-user")
            answer = client.get(f"/v1/shows/{name}/retention")
            assert answer.json()["type"].endswith("unknown-show")
    lines = "".join(path.read_text() for path in service.home.audit.iterdir()).splitlines()
    asked = [pseudonym(name.replace("%2F", "/")) for name in names for _ in range(2)]
    assert [json.loads(line)["user_id"] for line in lines] == asked


def test_an_id_may_end_as_a_path_does(reading: Callable[..., Service]) -> None:
    service = reading()
    with service.client() as client:
        # Bare, the slash before `history` ends the id; written, it is of the id.
        for path, kind in (
            ("/v1/users/u0/history", None),
            ("/v1/users/u0%2Fhistory", "unknown-user"),
            ("/v1/users/u0%2fhistory/history", "unknown-user"),
            ("/v1/users/u0%2Fhistory/history.csv", "unknown-user"),
            ("/v1/shows/x%2Fdays", "unknown-show"),
            ("/v1%2Fusers%2Fu0", "not-found"),
        ):
            answer = client.get(path)
            assert answer.json().get("type", "").rpartition(":")[2] == (kind or ""), path
    lines = "".join(path.read_text() for path in service.home.audit.iterdir()).splitlines()
    recorded = [(json.loads(line)["user_id"], json.loads(line)["path"]) for line in lines]
    assert recorded == [
        (pseudonym("u0"), "/v1/users/{user_id}/history"),
        (pseudonym("u0/history"), "/v1/users/{user_id}"),
        *[(pseudonym("u0/history"), "/v1/users/{user_id}/history")] * 2,
    ]


def test_what_is_no_path_says_where_they_are_listed(service: Service) -> None:
    with service.client() as client:
        unknown = client.get("/v2/shows")
        wrong = client.delete("/analytics")
    assert (unknown.status_code, wrong.status_code) == (404, 405)
    assert "/openapi.json" in unknown.json()["detail"]
    assert wrong.headers["allow"] == "GET"
    assert {a.headers["content-type"] for a in (unknown, wrong)} == {"application/problem+json"}


def test_pages_follow_one_another(reading: Callable[..., Service]) -> None:
    service = reading()
    seen: list[str] = []
    cursor = None
    while not seen or cursor:
        suffix = f"&cursor={cursor}" if cursor else ""
        page = get(service, f"/v1/users/u0/history?limit=5{suffix}")
        seen += [play["started_at"] for play in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == 13
    assert seen == sorted(seen, reverse=True)


def test_every_format_holds_the_same(reading: Callable[..., Service]) -> None:
    service = reading()
    path = "/v1/users/u0/history"
    items = get(service, path)["items"]
    with service.client() as client:
        table = client.get(path, headers={"Accept": "text/csv"}).text
        lines = client.get(f"{path}.ndjson").text.splitlines()
        assert client.get(f"{path}.csv?limit=100&format=json").text == table
        parquet = client.get(f"{path}?format=parquet").content
        arrow = client.get(path, headers={"Accept": "application/vnd.apache.arrow.stream"})
        refused = client.get(path, headers={"Accept": "image/png"})
    assert [json.loads(line) for line in lines] == items
    ids = [item["play_id"] for item in items]
    assert [row["play_id"] for row in csv.DictReader(io.StringIO(table))] == ids
    assert [row["started_at"] for row in csv.DictReader(io.StringIO(table))] == [
        item["started_at"] for item in items
    ]
    assert pq.read_table(io.BytesIO(parquet)).column("play_id").to_pylist() == ids
    assert pa.ipc.open_stream(arrow.content).read_all().column("play_id").to_pylist() == ids
    assert arrow.headers["watchhouse-release"] == "1"
    assert refused.status_code == 406


def test_shows_quality_and_quarantine(reading: Callable[..., Service]) -> None:
    service = reading()
    (show,) = get(service, "/v1/shows?q=solo")["items"]
    assert get(service, f"/v1/shows/{show['show_id']}")["hours_viewed"] == 3.0
    (batch,) = get(service, "/v1/quality")["items"]
    assert (batch["read_count"], batch["rejected_count"], batch["conservation_gap"]) == (86, 1, 0)
    reasons = [row["reason_codes"] for row in get(service, "/v1/quarantine")["items"]]
    assert sorted(reasons) == [["invalid_json"], ["missing_watch_date"]]
    only = get(service, "/v1/quarantine?reason=invalid_json")["items"]
    assert [row["is_rejected"] for row in only] == [True]
    (release,) = get(service, "/v1/releases")["items"]
    assert (release["release_id"], release["batch_count"]) == (1, 1)
    assert get(service, "/v1/releases/current")["marts"]["fct_plays"] == 84


@pytest.mark.parametrize("path", ["/analytics", "/v1/shows", "/v1/shows?format=csv"])
def test_what_did_not_change_is_not_sent_again(reading: Callable[..., Service], path: str) -> None:
    service = reading()
    with service.client() as client:
        fresh = client.get(path)
        again = client.get(path)
        unchanged = client.get(path, headers={"If-None-Match": fresh.headers["etag"]})
        other = client.get("/v1/quality", headers={"If-None-Match": fresh.headers["etag"]})
    assert again.content == fresh.content
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert other.status_code == 200


def test_without_a_release_it_says_what_to_do(service: Service) -> None:
    with service.client() as client:
        assert client.get("/health").json()["status"] == "ok"
        for path in ("/ready", "/analytics", "/v1/shows", "/users/u/analytics"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "watchhouse build" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/analytics?days=0",
        "/analytics?days=x",
        "/v1/shows?limit=10001",
        "/v1/shows?cursor=x",
        "/v1/activity?cursor=x",
        "/v1/quarantine?cursor=WyJhIiwieCJd",
        "/v1/users/u0/history?cursor=WyIxIiwiMiJd",
        "/v1/shows?format=xml",
        "/v1/activity?to=0",
        "/v1/activity?to=2026-10-01&from=2026-10-01",
        "/v1/activity?as_of=0",
        "/v1/top10?from=1760000000",
        "/v1/metrics/query?from=0&metrics=plays",
    ],
)
def test_bad_parameters_are_named(reading: Callable[..., Service], path: str) -> None:
    with reading().client() as client:
        answer = client.get(path)
    assert answer.status_code == 422
    assert path.partition("?")[2].partition("=")[0] in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["/v1/activity", "/v1/quarantine", "/v1/users/u0/history", "/v1/metrics/query?metrics=plays"],
)
def test_a_cursor_with_other_values_is_none(reading: Callable[..., Service], path: str) -> None:
    path += "&dimensions=device&grain=day&" if "?" in path else "?"
    with reading().client() as client:
        given = client.get(f"{path}limit=1").json()["next_cursor"]
        values = json.loads(base64.urlsafe_b64decode(given + "=="))
        # The first of these tells the question, in some; what is told apart comes last.
        for wrong in ("x", [1], {"a": 1}, 1 << 70, "\ud800", "\0"):
            changed = [*values[:1], *[wrong] * (len(values) - 1)]
            text = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
            answer = client.get(path, params=_parameters(path, text))
            assert answer.status_code == 422, (wrong, answer.text)
            assert "cursor" in answer.json()["detail"]


def _parameters(path: str, cursor: str) -> dict[str, str]:
    pairs = dict(pair.split("=") for pair in path.partition("?")[2].split("&") if pair)
    return pairs | {"limit": "1", "cursor": cursor}


def test_the_documentation_needs_no_internet(service: Service) -> None:
    with service.client() as client:
        page = client.get("/docs").text
        assert "http://" not in page
        assert "https://" not in page
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "favicon.png"):
            assert f"docs/{name}" in page
            assert client.get(f"/docs/{name}").status_code == 200
        assert client.get("/docs/other.js").status_code == 404
        assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
