"""Metrics by dimensions by grain over HTTP, and the rows of marts."""

from collections.abc import Callable
from typing import Any

import pytest

from api.marts import PATHS
from api.marts import router as marts
from tests.api.conftest import Service, make_key
from watchhouse.contracts import load_contracts
from watchhouse.layout import Home
from watchhouse.metrics import load_marts, load_metrics
from watchhouse.questions import Question, ask
from watchhouse.releases import open_current


def get(service: Service, path: str, **headers: str) -> dict[str, Any]:
    with service.client() as client:
        answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_metrics_are_cut_as_asked(reading: Callable[..., Service]) -> None:
    service = reading()
    path = "/v1/metrics/query?metrics=hours_viewed,users&dimensions=show_name&sort=-hours_viewed"
    found = get(service, path)
    assert [(row["show_name"], row["hours_viewed"], row["users"]) for row in found["items"]] == [
        ("Dark", 80.0, 8),
        ("Solo", 3.0, 1),
        ("NCIS/LA", 1.0, 1),
    ]
    assert (found["release"], found["data_level"], found["time_zone"]) == (1, "L0", "UTC")
    hours, users = found["metrics"]
    assert (hours["name"], hours["unit"], hours["mart"]) == (
        *("hours_viewed", "hours", "fct_show_days"),
    )
    assert users["mart"] == "fct_plays"
    by_country = get(service, "/v1/metrics/query?metrics=users&filters=country:DK")
    assert by_country["items"] == [{"users": 8}]


def test_a_range_is_compared_and_cut_in_another_zone(reading: Callable[..., Service]) -> None:
    service = reading()
    path = "/v1/metrics/query?metrics=hours_viewed&from=2026-10-15&to=2026-10-18"
    found = get(service, f"{path}&compare=previous")
    assert found["items"] == [{"hours_viewed": 25.0, "compared_hours_viewed": 26.0}]
    assert (found["compared_from"], found["compared_to"]) == ("2026-10-12", "2026-10-15")
    # Noon in UTC is the next day in Auckland: what was watched on the 14th to the 16th, at noon,
    # and at eight in the evening of the 15th.
    elsewhere = get(service, f"{path}&grain=day&tz=Pacific/Auckland")
    assert elsewhere["time_zone"] == "Pacific/Auckland"
    assert [row["hours_viewed"] for row in elsewhere["items"]] == [8.0, 9.0, 8.0]
    with service.client() as client:
        answer = client.get("/v1/metrics/query?metrics=dau&grain=day&tz=Asia/Tokyo")
    assert answer.status_code == 422
    assert "tz: dau is counted by days of the reporting time zone" in answer.json()["detail"]


def test_pages_and_formats(reading: Callable[..., Service]) -> None:
    service = reading()
    path = "/v1/metrics/query?metrics=plays&dimensions=show_id&grain=day&limit=5"
    whole = get(service, path.replace("&limit=5", ""))["items"]
    found = []
    cursor = ""
    while True:
        page = get(service, f"{path}{cursor}")
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == whole
    assert len(whole) == 14
    with service.client() as client:
        text = client.get(f"{path}&format=csv").text
    assert text.splitlines()[0] == "period_started_date,show_id,plays"
    assert len(text.splitlines()) == 6


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("metrics=nope", "metrics"),
        ("metrics=plays&dimensions=nope", "dimensions"),
        ("metrics=sessions&dimensions=device", "dimensions"),
        ("metrics=plays&grain=hour", "grain"),
        ("metrics=plays&from=2026-10-02&to=2026-10-01", "to"),
        ("metrics=plays&from=yesterday", "from"),
        ("metrics=plays&tz=Mars", "tz"),
        ("metrics=plays&compare=previous", "compare"),
        ("metrics=plays&filters=tv", "filters"),
        ("metrics=plays&sort=users", "sort"),
        ("metrics=plays&limit=0", "limit"),
        ("metrics=plays&cursor=abc", "cursor"),
        ("metrics=plays&as_of=x", "as_of"),
    ],
)
def test_what_is_wrong_is_named(
    reading: Callable[..., Service], query: str, parameter: str
) -> None:
    with reading().client() as client:
        answer = client.get(f"/v1/metrics/query?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == parameter


def test_few_users_are_hidden_in_every_cut(reading: Callable[..., Service], home: Home) -> None:
    aggregate = make_key(home, "read:aggregate")
    path = "/v1/metrics/query?metrics=hours_viewed&dimensions=show_name&sort=show_name"
    found = get(reading(), path, **aggregate)
    assert found["is_suppressed"]
    assert [row["hours_viewed"] for row in found["items"]] == [80.0, None, None]


def test_an_earlier_release_is_asked_by_its_number(reading: Callable[..., Service]) -> None:
    service = reading()
    for path in ("/analytics", "/v1/shows", "/v1/activity", "/v1/metrics/query?metrics=plays"):
        sign = "&" if "?" in path else "?"
        for number in ("1", "1.0"):
            assert get(service, f"{path}{sign}as_of={number}") == get(service, path)
        with service.client() as client:
            gone = client.get(f"{path}{sign}as_of=7")
        assert gone.status_code == 404
        assert "as_of: release 7 is not kept" in gone.json()["detail"]


def test_every_mart_that_a_metric_names_says_the_same(reading: Callable[..., Service]) -> None:
    """A metric may be read from any of its marts: over everything they agree."""
    service = reading()
    with open_current(service.home) as release:
        counts = {name: mart.row_count for name, mart in release.manifest.marts.items()}
        for metric in load_metrics():
            found = set()
            for mart in (metric.mart, *metric.also_in):
                if load_marts()[mart].overlapping:
                    continue
                asked = Question(metrics=(metric.name,))
                table = ask(release.cursor(), asked, {mart: counts[mart]}).table
                found.add(table[metric.name].to_pylist()[0])
            assert len(found) <= 1, metric.name


def test_every_mart_path_answers_with_the_columns_of_its_contract(
    reading: Callable[..., Service],
) -> None:
    service = reading()
    show = get(service, "/v1/shows?q=dark")["items"][0]["show_id"]
    contracts = load_contracts()
    asked = [path for path in PATHS if path.contract or path.mart in contracts]
    assert len(asked) == len(marts.routes)
    with service.client() as client:
        for path in asked:
            answer = client.get(path.path.format(show_id=show))
            assert answer.status_code == 200, answer.text
            contract = path.contract or contracts[path.mart]
            for row in answer.json()["items"]:
                assert list(row) == list(contract.columns), path
            if path.is_of_show:
                unknown = client.get(path.path.format(show_id="nope"))
                assert unknown.status_code == 404, path


def test_restatements_have_the_columns_that_publications_write(
    reading: Callable[..., Service],
) -> None:
    with open_current(reading().home) as release:
        described = release.cursor().execute("describe history.restatements").fetchall()
    (path,) = (path for path in PATHS if path.contract is not None)
    assert path.contract is not None
    promised = {name: column.type for name, column in path.contract.columns.items()}
    assert {name: kind.lower() for name, kind, *_ in described} == promised


def test_days_of_a_mart_are_kept_by_range(reading: Callable[..., Service]) -> None:
    service = reading()
    found = get(service, "/v1/activity?from=2026-10-12&to=2026-10-14")["items"]
    assert [row["activity_date"] for row in found] == ["2026-10-13", "2026-10-12"]
    first = get(service, "/v1/activity?limit=1")
    second = get(service, f"/v1/activity?limit=1&cursor={first['next_cursor']}")
    days = [page["items"][0]["activity_date"] for page in (first, second)]
    assert days == ["2026-10-20", "2026-10-19"]
