"""The weekly report over known plays: its numbers, what it names, and that it points nowhere."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from dashboard.places import NO_PLACE
from dashboard.report.facts import Facts, Mover, Place, Restated
from dashboard.report.page import page
from dashboard.report.reading import read
from dashboard.report.weeks import Week, choose, day_of
from watchhouse.cli import main
from watchhouse.layout import Home
from watchhouse.releases import open_current

HOSTILE = '<script src="https://example.org/x.js">"&\''


class Reading(HTMLParser):
    """The elements of a file with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def facts_of(home: Path, first_day: date | None = None) -> Facts:
    with open_current(Home(home)) as release:
        week = choose(release.cursor(), first_day)
        return read(release, week, smallest_group=5)


def test_the_last_whole_week_is_held_against_the_one_before(published: Path) -> None:
    facts = facts_of(published)
    assert facts.week == Week(date(2026, 1, 26), is_over=True, is_comparable=True)
    assert {figure.name: (figure.value, figure.moved) for figure in facts.figures} == {
        "hours_viewed": ("73.5", "0.0%"),
        "plays": ("91", "0.0%"),
        "users": ("8", "0.0%"),
        "sessions": ("91", "0.0%"),
        "completion_rate_by_plays": ("61.5%", "0.0 pts"),
        "binge_share": ("0.0%", "0.0 pts"),
    }
    assert facts.movers == ()


def test_a_week_with_a_new_show_tells_what_moved(published: Path) -> None:
    # 8 hours of Dark on each day; from this Monday on also 5 halves of Moon.
    facts = facts_of(published, date(2026, 1, 19))
    figures = {figure.name: figure for figure in facts.figures}
    assert (figures["hours_viewed"].value, figures["hours_viewed"].before) == ("73.5", "56.0")
    assert figures["hours_viewed"].moved == "+31.2%"
    assert figures["plays"].moved == "+62.5%"
    assert figures["completion_rate_by_plays"].moved == "-38.5 pts"
    assert facts.days == (10.5,) * 7
    assert facts.days_before == (8.0,) * 7
    assert facts.movers == (Mover("Moon", 17.5, 0.0),)
    assert facts.lists == {
        "film": (Place(1, None, "Moon", 17.5, 17.5, 35, 1),),
        "series": (Place(1, 1, "Dark", None, 56.0, 56, 3),),
    }
    assert facts.curves is not None
    (moon,) = facts.curves
    assert (moon.show_name, moon.is_new, moon.plays) == ("Moon", True, 70)
    assert (moon.shares[0], moon.shares[49], moon.shares[50]) == (1.0, 1.0, 0.0)


def test_the_first_week_is_compared_with_nothing(published: Path) -> None:
    facts = facts_of(published, date(2026, 1, 5))
    assert not facts.week.is_comparable
    assert {figure.moved for figure in facts.figures} == {None}
    assert facts.movers is None
    assert facts.curves is not None
    assert [(curve.show_name, curve.is_new) for curve in facts.curves] == [("Dark", False)]
    assert "Not compared" in page(facts)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, date(2026, 1, 18)),
        (day_of("2026-W04"), date(2026, 1, 18)),
        (date(2026, 1, 18), date(2026, 1, 18)),
        (date(2026, 1, 17), date(2026, 1, 11)),
    ],
)
def test_weeks_of_a_release_that_begin_on_sunday_are_named_by_most_of_their_days(
    asked: date | None, found: date
) -> None:
    with duckdb.connect() as release:
        release.execute(
            """
            create table rpt_lifecycle as
            select 'week' as period, date '2026-01-04' as period_started_date;
            create table fct_platform_days as
            select cast(day as date) as activity_date, 1 as play_count
            from generate_series(date '2026-01-05', date '2026-01-25', interval '1 day') as t (day)
            """
        )
        week = choose(release, asked)
    assert (week.first_day, week.is_over) == (found, True)
    assert week.name == ("2026-W04" if found.day == 18 else "2026-W03")


def test_records_are_of_the_week_in_which_they_landed(published: Path) -> None:
    with open_current(Home(published)) as release:
        week = Week(date(2026, 2, 23), is_over=False, is_comparable=False)
        landed = read(release, week, smallest_group=5)
    # 29 x 8 plays, 14 x 5 more, one without a date, and a torn line.
    assert landed.landed == landed.landed_ever
    assert landed.landed["read"] == 29 * 8 + 14 * 5 + 1 + 1
    assert (landed.landed["rejected"], landed.landed["quarantined"]) == (1, 1)
    assert landed.landed["unaccounted"] == 0
    assert ("missing_watch_date", 1, 1) in landed.reasons
    before = facts_of(published)
    assert set(before.landed.values()) == {0}
    assert ("missing_watch_date", 0, 1) in before.reasons
    assert "Landed in the week" in page(landed)
    assert "Nothing landed in the week" in page(before)


def test_too_few_users_are_not_told(published: Path) -> None:
    with open_current(Home(published)) as release:
        week = choose(release.cursor(), date(2026, 1, 19))
        facts = read(release, week, smallest_group=6)
        none = read(release, week, smallest_group=9)
    assert facts.movers == ()
    assert facts.lists == {
        "film": (Place(1, None, "Moon", None, None, None, 1),),
        "series": (Place(1, 1, "Dark", None, 56.0, 56, 3),),
    }
    assert {figure.value for figure in none.figures} == {"–"}  # noqa: RUF001 - a dash is meant


def test_a_show_without_a_place_is_explained(published: Path) -> None:
    facts = facts_of(published, date(2026, 1, 19))
    assert NO_PLACE not in page(facts)
    unplaced = (Place(1, 1, "Dark", 2.0, 2.0, 2, 1), Place(None, None, "Moon", None, 3.0, 2, 1))
    assert NO_PLACE in page(replace(facts, lists={"film": unplaced}))


def test_the_file_points_nowhere_and_names_are_no_markup(published: Path) -> None:
    facts = facts_of(published, date(2026, 1, 19))
    assert facts.curves is not None
    hostile = replace(
        facts,
        movers=(Mover(HOSTILE, 2.0, 1.0), Mover(HOSTILE * 3, 1.0, 2.0)),
        lists={HOSTILE: (Place(1, 3, HOSTILE, None, 2.0, 2, 1),)},
        curves=(replace(facts.curves[0], show_name=HOSTILE),),
        reasons=((HOSTILE, 1, 1),),
        restated=(Restated(date(2026, 1, 20), 7, HOSTILE, (3, 2), (1.5, 1.0)),),
    )
    text = page(hostile)
    reading = Reading(text)
    tags = {tag for tag, _ in reading.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "image", "use"}
    attributes = {name for _, found in reading.elements for name in found}
    assert not attributes & {"src", "href", "srcset", "xlink:href", "style", "action"}
    assert not {name for name in attributes if name.startswith("on")}
    assert "url(" not in text
    assert "@import" not in text
    assert any(HOSTILE in part for part in reading.text)
    assert "1.5 → 1.0" in reading.text
    assert not re.search(r"https?://", page(facts))


def test_the_command_writes_one_file(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(published))
    monkeypatch.chdir(tmp_path)
    assert main(["report", "--week", "2026-01-21"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["report-2026-W04.html"]
    written = Path("report-2026-W04.html").read_text(encoding="utf-8")
    assert written == page(facts_of(published, date(2026, 1, 19)))
    assert main(["report", "--output", "mine.html"]) == 0
    assert "Week 2026-W05" in Path("mine.html").read_text(encoding="utf-8")
    assert main(["report", "--week", "2026-W06"]) == 0
    assert "not over" in Path("report-2026-W06.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--week", "2026-W09"], 1, "nothing was played in week 2026-W09"),
        (["--week", "0001-01-01"], 1, "nothing was played in week 0001-W01"),
        (["--week", "9999-12-31"], 1, "nothing was played in week 9999-W52"),
        (["--week", "soon"], 2, "neither a week"),
        (["--output", "no/such/folder.html"], 1, "cannot be written to no/such/folder.html"),
    ],
)
def test_what_cannot_be_reported_is_one_line(
    published: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(published))
    monkeypatch.chdir(tmp_path)
    assert main(["report", *arguments]) == code
    (line,) = caplog.messages
    assert said in line
    assert "\n" not in line
    assert not list(tmp_path.iterdir())


def test_without_plays_there_is_no_report(
    without_plays: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(without_plays))
    assert main(["report"]) == 1
    assert "holds no plays" in caplog.messages[0]
