"""Every page over known plays: the numbers it shows, what the address asks, and nothing at all."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.definitions import registry
from tests.dashboard.conftest import APP
from tests.releases import KEY
from watchhouse.pseudonyms import Pseudonymiser

PAGES = ("overview", "shows", "show", "top10", "audience", "when", "user", "live", "quality")
Draw = Callable[..., AppTest]


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def drawn(app: AppTest, names: str, numbers: str) -> dict[str, int]:
    """Return what a chart draws, by the name of each bar."""
    tables = [
        pa.ipc.open_stream(dataset.data.data).read_all()
        for chart in app.get("vega_lite_chart")
        for dataset in chart.proto.datasets
    ]
    (table,) = (table for table in tables if names in table.column_names)
    return {row[names]: row[numbers] for row in table.to_pylist()}


def funnel(app: AppTest) -> dict[str, int]:
    """Return what the chart of starters, watchers and completers draws."""
    return drawn(app, "stage", "user_count")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_without_an_error(page: Draw, published: Path, name: str) -> None:
    app = page(published, name)
    assert not app.exception
    assert not app.error
    assert app.title


@pytest.mark.parametrize("name", PAGES)
def test_no_page_needs_plays(page: Draw, without_plays: Path, name: str) -> None:
    app = page(without_plays, name)
    assert not app.exception
    assert app.title[0].value == "No plays yet"


def test_without_a_release_the_remedy_is_shown(page: Draw, tmp_path: Path) -> None:
    app = page(tmp_path / "nothing")
    assert not app.exception
    assert app.title[0].value == "No release yet"
    assert app.code[0].value == "make demo"


def test_the_overview_sums_the_last_14_whole_days(page: Draw, published: Path) -> None:
    # 8 x 14 hours of Dark and 5 x 14 halves of Moon; before them Dark alone.
    app = page(published)
    assert figures(app) == {
        "Hours viewed": "147",
        "Plays": "182",
        "Users": "8",
        "Completion": "61.5%",
        "Binge share": "0.0%",
    }
    assert app.metric[0].delta == "+31.2%"
    assert app.metric[3].delta == "-38.5 pts"


def test_filters_and_days_come_from_the_address(page: Draw, published: Path) -> None:
    app = page(published, days="Last 7 days", device=["mobile"])
    assert figures(app)["Hours viewed"] == "17.5"
    assert figures(app)["Users"] == "5"
    # Sessions belong to no device.
    assert figures(app)["Binge share"] == "–"  # noqa: RUF001 - a dash is meant


def test_a_year_that_the_data_does_not_reach_is_not_compared(page: Draw, published: Path) -> None:
    app = page(published, compare="A year before")
    assert not app.metric[0].delta
    assert any("the data begins on 5 Jan 2026" in text.value for text in app.caption)


def test_what_nobody_watched_is_a_note_and_no_chart(page: Draw, published: Path) -> None:
    app = page(published, device=["mobile"], country=["DK"])
    assert any("Nothing was played" in note.value for note in app.info)


def test_shows_are_listed_and_searched(page: Draw, published: Path) -> None:
    listed = page(published, "shows").dataframe[0].value
    assert list(listed["show_name"]) == ["Dark", "Moon"]
    assert list(listed["hours_viewed"]) == [112.0, 35.0]
    assert list(listed["users"]) == [8, 5]
    app = page(published, "shows")
    app.text_input(key="q").set_value("moo").run()
    assert list(app.dataframe[0].value["show_name"]) == ["Moon"]


def test_one_show_has_its_own_figures(page: Draw, published: Path) -> None:
    app = page(published, "show")
    app.selectbox(key="show").set_value("Moon").run()
    assert not app.exception
    assert figures(app)["Hours viewed"] == "35.0"
    assert figures(app)["Completion"] == "0.0%"
    assert figures(app)["Minutes a play"] == "30.0"


def test_the_funnel_counts_starters_watchers_and_completers(page: Draw, published: Path) -> None:
    # Eight users with whole episodes of a series that no catalogue lists, five with fourteen halves
    # of a film.
    assert funnel(page(published, "show", show="Dark")) == {"Starters": 8, "Watchers": 8}
    assert funnel(page(published, "show", show="Moon")) == {
        "Starters": 5,
        "Watchers": 5,
        "Completers": 5,
    }
    app = page(published, "show", show="Dark", within="First 7 days")
    assert any("Not known: its release" in note.value for note in app.info)


def test_the_weekly_list_is_of_the_latest_whole_week(page: Draw, published: Path) -> None:
    app = page(published, "top10")
    assert app.selectbox(key="week").value == date(2026, 1, 26)
    listed = app.dataframe[0].value
    assert list(listed["show_name"]) == ["Moon"]
    assert list(listed["hours_viewed"]) == [17.5]
    assert list(listed["movement"]) == ["="]


def test_a_list_keeps_the_figures_of_few_users_back(
    page: Draw, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(published)
    monkeypatch.setenv("WATCHHOUSE_SMALLEST_GROUP", "6")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("app_pages/top10.py").run()
    listed = app.dataframe[0].value
    assert list(listed["show_name"]) == ["Moon"]
    assert listed[["hours_viewed", "views", "play_count"]].isna().all(axis=None)
    assert any("fewer than 6 users" in text.value for text in app.caption)


def test_every_record_is_accounted_for(page: Draw, published: Path) -> None:
    app = page(published, "quality")
    counts = figures(app)
    assert counts["Read"] == "304"
    assert counts["Valid"] == "302"
    assert counts["Rejected"] == "1"
    assert counts["Quarantined"] == "1"
    assert counts["Unaccounted"] == "0"


def test_every_figure_explains_itself(page: Draw, published: Path) -> None:
    for name in ("overview", "show", "audience"):
        for metric in page(published, name).metric:
            assert "*Formula:*" in metric.help
    assert registry()["plays"].formula in page(published).metric[1].help


@pytest.mark.parametrize(
    ("name", "is_dated"), [("live", False), ("quality", False), ("top10", False), ("when", True)]
)
def test_days_are_named_only_where_they_apply(
    page: Draw, published: Path, name: str, *, is_dated: bool
) -> None:
    app = page(published, name)
    assert any("19 Jan to 1 Feb 2026" in text.value for text in app.markdown) == is_dated


def test_single_users_are_shown_only_where_the_setting_allows_it(
    page: Draw, published: Path
) -> None:
    app = page(published, "user")
    assert "WATCHHOUSE_DASHBOARD_USERS" in app.info[0].value
    assert not app.text_input
    assert not (published / "access").exists()


def test_a_user_is_shown_and_each_look_is_recorded(
    page: Draw, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(published, home, symlinks=True)
    (home / "pseudonym.key").write_text(f"{KEY}\n")
    monkeypatch.setenv("WATCHHOUSE_DASHBOARD_USERS", "true")
    app = page(home, "user")
    assert not (home / "access").exists()

    # u0 watched an hour of Dark on each of 29 days, and 14 halves of Moon.
    app.session_state["measure"] = "plays"
    app.text_input[0].set_value("u0").run()
    assert figures(app)["Hours viewed"] == "36.0"
    assert figures(app)["Plays"] == "43"
    assert figures(app)["Active days in 28"] == "28"
    assert drawn(app, "show_name", "plays") == {"Dark": 29, "Moon": 14}
    history = app.dataframe[0].value
    assert len(history) == 43
    assert list(history["show_name"][:2]) == ["Dark", "Moon"]
    assert "user" not in app.query_params
    u0 = Pseudonymiser(bytes.fromhex(KEY)).pseudonym("u0")
    (recorded,) = (home / "access" / "audit").iterdir()
    (line,) = map(json.loads, recorded.read_text().splitlines())
    assert (line["key_id"], line["user_id"], line["path"]) == ("dashboard", u0, "/user")

    app.text_input[0].set_value("nobody").run()
    assert not app.metric
    assert "Nothing is known" in app.info[0].value
    assert len(recorded.read_text().splitlines()) == 2


def test_a_look_that_cannot_be_recorded_shows_nothing(
    page: Draw, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(published, home, symlinks=True)
    (home / "pseudonym.key").write_text(f"{KEY}\n")
    (home / "access").write_text("no folder")
    monkeypatch.setenv("WATCHHOUSE_DASHBOARD_USERS", "true")
    app = page(home, "user")
    app.text_input[0].set_value("u0").run()
    assert "cannot be recorded" in app.error[0].value
    assert not app.metric
    assert not app.dataframe
