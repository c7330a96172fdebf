"""Variables: each is declared, and none that is not what it may be gets as far as a model."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from dbt_common.exceptions import CompilationError
from jinja2 import Environment

from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Project
from watchhouse.fingerprint import PROJECT

_RANGES: Final = PROJECT / "macros" / "configuration" / "variable_ranges.sql"

_MODELS: Final = "select view_name from duckdb_views() where schema_name = 'staging'"
_EXTRAS: Final = "select extras from marts.fct_plays order by started_at"


def _declared() -> dict[str, Any]:
    """Return what the macro variable_ranges does, without dbt."""
    returned: list[dict[str, Any]] = []
    environment = Environment(autoescape=False)  # noqa: S701 - SQL, not HTML
    environment.globals["return"] = returned.append
    environment.from_string(_RANGES.read_text(encoding="utf-8")).module.variable_ranges()  # type: ignore[attr-defined]
    return returned[0]


def test_every_variable_is_declared_with_what_it_may_be() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert _declared().keys() == project["vars"].keys()


def test_unit_tests_say_which_variables_they_assume(project: Project) -> None:
    """Else whoever changes a variable for good can build nothing: the first build runs them."""
    manifest = project.manifest
    read = re.compile(r"\bvar\(\s*['\"](\w+)")

    def variables(text: str, macros: Iterable[str], seen: set[str]) -> set[str]:
        found = set(read.findall(text))
        for name in set(macros) - seen:
            seen.add(name)
            macro = manifest.macros[name]
            if macro.package_name == "watchhouse":
                found |= variables(macro.macro_sql, macro.depends_on.macros, seen)
        return found

    silent = {}
    for test in manifest.unit_tests.values():
        (model,) = (manifest.nodes[node] for node in test.depends_on.nodes)
        said = (test.overrides.vars if test.overrides else None) or {}
        missing = variables(model.raw_code, model.depends_on.macros, set()) - said.keys()
        if missing:
            silent[test.name] = sorted(missing)
    assert not silent, f"give the overrides of unit tests these vars: {silent}"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"session_gap_minutes": 0},
            "session_gap_minutes is 0: it must be a whole number of minutes from 1 to 1440",
        ),
        ({"session_gap_minutes": "soon"}, "session_gap_minutes is 'soon': it must be a whole"),
        ({"session_gap_minutes": True}, "session_gap_minutes is True: it must be a whole"),
        ({"session_gap_minutes": 29.5}, "session_gap_minutes is 29.5: it must be a whole"),
        ({"longest_watch_minutes": None}, "longest_watch_minutes is None: it must be a whole"),
        (
            {"complete_threshold": 90},
            "complete_threshold is 90: it must be a number above 0 to 1",
        ),
        ({"complete_threshold": 0}, "complete_threshold is 0: it must be a number above 0 to 1"),
        ({"complete_threshold": ".nan"}, "complete_threshold is '.nan': it must be a number"),
        (
            {"reporting_time_zone": "Europe/Atlantis"},
            "reporting_time_zone is 'Europe/Atlantis': it must be the name of an IANA time zone",
        ),
        ({"watch_date_is": "middle"}, "watch_date_is is 'middle': it must be one of start, end"),
        (
            {"earliest_watch_date": "2026-02-30"},
            "earliest_watch_date is '2026-02-30': it must be a date in quotes",
        ),
        (
            {"primetime_first_hour": 22, "primetime_last_hour": 20},
            "and not above primetime_last_hour, which is 20",
        ),
        (
            {"weekend_weekdays": [6, 6]},
            "weekend_weekdays is [6, 6]: it must be a list of different whole numbers",
        ),
        ({"weekend_weekdays": 6}, "weekend_weekdays is 6: it must be a list of different whole"),
        ({"weekend_weekdays": [0, "x"]}, "weekend_weekdays is [0, 'x']: it must be a list"),
        (
            {"engagement_weights": {"hours": 0.5, "recency": 0.4}},
            "it must be a map of names to numbers from 0 to 1 that add up to 1",
        ),
        (
            {"runtime_band_minutes": [15, 70, 35]},
            "runtime_band_minutes is [15, 70, 35]: it must be a list of rising numbers of minutes",
        ),
        ({"series_content_types": "series"}, "'series': it must be a list of texts"),
        ({"dayparts": [{"name": "night", "first_hour": 6}]}, "it must be a list of {name, first"),
        ({"dayparts": ["night"]}, "dayparts is ['night']: it must be a list of {name, first"),
        (
            {"extra_columns": {"player": "$.player["}},
            "it must be a map of names (lower case letters, digits and _) to keys",
        ),
        ({"extra_columns": {"Player": "player"}}, "extra_columns is {'Player': 'player'}: it must"),
        (
            {"experiment_shares": {"checkout": {"old": 0.9, "new": 0.2}}},
            "it must be a map of names to maps of names to numbers above 0 that add up to 1",
        ),
        ({"experiment_shares": {"checkout": {"old": 1, "new": 0}}}, "experiment_shares is {'check"),
        ({"experiment_shares": {"checkout": 0.5}}, "experiment_shares is {'checkout': 0.5}: it"),
        ({"experiment_controls": {"checkout": 1}}, "{'checkout': 1}: it must be a map of names to"),
    ],
)
def test_a_variable_that_is_not_what_it_may_be_stops_the_run(
    variables: dict[str, Any], said: str, make_workshop: MakeWorkshop
) -> None:
    workshop = make_workshop(variables)
    with pytest.raises(CompilationError, match=re.escape(said)) as raised:
        workshop.run()
    assert "Change it under `vars` in dbt_project.yml, or in --vars" in str(raised.value)
    assert workshop.built().ask(_MODELS) == []


def test_every_wrong_variable_is_named_at_once(make_workshop: MakeWorkshop) -> None:
    workshop = make_workshop({"session_gap_minutes": 0, "binge_min_episodes": 1})
    with pytest.raises(
        CompilationError, match=r"(?s)session_gap_minutes is 0.*binge_min_episodes is 1"
    ):
        workshop.run()


def test_configured_columns_of_a_producer_reach_the_plays(
    make_workshop: MakeWorkshop, tmp_path: Path
) -> None:
    workshop = make_workshop(
        {"extra_columns": {"subtitles": "subtitle language", "build": "$.player.build"}}
    )
    lake = Lake(workshop.home, tmp_path)
    extra = {"subtitle language": None, "player": None, "ignored": None}
    lake.events(
        "extras",
        play("ann", "Umbra", "2026-03-01 12:00", 30, **{**extra, "subtitle language": "de"}),
        play("ann", "Umbra", "2026-03-01 13:00", 30, **{**extra, "ignored": "x"}),
        play("ann", "Umbra", "2026-03-01 14:00", 30, **extra),
    )
    workshop.run()
    assert [extras and json.loads(extras) for (extras,) in workshop.built().ask(_EXTRAS)] == [
        {"subtitles": "de"},
        None,
        None,
    ]


def test_without_configuration_no_other_column_is_passed_on(
    make_workshop: MakeWorkshop, tmp_path: Path
) -> None:
    workshop = make_workshop({})
    lake = Lake(workshop.home, tmp_path)
    lake.events("extras", play("ann", "Umbra", "2026-03-01 12:00", 30, subtitles="de"))
    workshop.run()
    assert workshop.built().ask(_EXTRAS) == [(None,)]
