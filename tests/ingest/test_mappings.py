"""Mapping files: strict when read, exact when applied."""

from pathlib import Path

import pytest

from ingest.columns import STREAMS
from ingest.mappings import Mapping, check, load_mapping, misnamed, plan
from watchhouse.errors import InputFileError, MappingError

EVENTS = STREAMS["watch_events"]
NEEDED = ("user_id", "show_name", "watch_date", "watch_duration")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colums: {}", "colums: no field of a mapping file; there are source, columns,"),
        ("columns: {user: UserID}", "columns.user: is not a column of watch_events"),
        ("columns: {user_id: 5}", "columns.user_id: Input should be a valid string"),
        ("columns: [user_id]", "columns: Input should be a valid dictionary"),
        (
            "time_zone: Mars/Olympus",
            "time_zone: Value error, 'Mars/Olympus' is not an IANA time zone",
        ),
        ("time_zone: localtime", "time_zone: Value error, 'localtime' is no zone of its own"),
        ("watch_date_format: '%Q'", "watch_date_format: Value error, '%Q' is not a strptime"),
        (
            "watch_date_format: 'yyyy-mm-dd'",
            "watch_date_format: Value error, 'yyyy-mm-dd' holds no",
        ),
        ("source: 2026-02-30", "the mapping file cannot be read: day is out of range"),
        ("source: " + "[" * 5000, "the mapping file cannot be read"),
        ("decimal_separator: ';'", "decimal_separator: Input should be"),
        ("source: ''", "source: String should have at least 1 character"),
        ("drop: [a]\ncolumns: {device: a}", "drop: 'a' is also used under columns"),
        ("drop: [a]\nidentifiers: [a]", "drop: 'a' is also listed under identifiers"),
        ("- a", "holds fields such as"),
        ("a: [", "the mapping file cannot be read"),
    ],
)
def test_a_mistake_names_file_and_field(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "m.yml"
    path.write_text(text)
    with pytest.raises(MappingError) as caught:
        load_mapping(path, EVENTS)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "none.yml", EVENTS)


def test_an_empty_file_is_no_mapping(tmp_path: Path) -> None:
    path = tmp_path / "m.yml"
    path.write_text("# nothing yet\n")
    assert load_mapping(path, EVENTS) == Mapping()


def _sources(names: tuple[str, ...], mapping: Mapping) -> dict[str, str]:
    applied = plan(names, mapping, EVENTS)
    return {
        canonical: names[source]
        for canonical, source in zip(EVENTS.columns, applied.sources, strict=True)
        if source is not None
    }


def test_names_that_are_canonical_map_themselves_unless_used_otherwise() -> None:
    names = ("show_name", "title", "device", "Device")
    assert _sources(names, Mapping()) == {"show_name": "show_name", "device": "device"}
    swapped = Mapping(columns={"show_name": "title", "show_id": "show_name"})
    assert _sources(names, swapped) == {
        "show_id": "show_name",
        "show_name": "title",
        "device": "device",
    }
    taken = Mapping(columns={"show_id": "show_name"})
    assert _sources(names, taken) == {"show_id": "show_name", "device": "device"}
    assert _sources(names, Mapping(drop=["device"])) == {"show_name": "show_name"}


def test_one_input_column_may_serve_several_canonical_ones() -> None:
    both = Mapping(columns={"show_id": "item", "show_name": "item"})
    assert _sources(("item",), both) == {"show_id": "item", "show_name": "item"}


def test_extras_and_identifiers() -> None:
    names = (*NEEDED, "serial", "email", "note", "extras")
    applied = plan(names, Mapping(identifiers=["serial"], drop=["email"]), EVENTS)
    assert [name for name, _ in applied.extras] == ["serial", "note", "extras"]
    assert {names[index] for index in applied.pseudonymised} == {"user_id", "serial"}


def test_a_required_column_that_is_missing_is_named_with_the_remedy() -> None:
    with pytest.raises(InputFileError) as caught:
        check(("user_id", "Watch_date"), Mapping(), EVENTS, path="a.csv", is_complete=True)
    assert "a.csv: has no column for show_name, watch_date, watch_duration_minutes or" in str(
        caught.value
    )
    assert "'Watch_date'" in str(caught.value)
    assert "--mapping" in str(caught.value)


def test_a_mapped_column_that_is_missing() -> None:
    mapping = Mapping(columns={"season": "Sesson"})
    with pytest.raises(MappingError, match=r"columns\.season: no column is named 'Sesson'"):
        check((*NEEDED, "Season"), mapping, EVENTS, path="a.csv", is_complete=True)
    check((*NEEDED, "Season"), mapping, EVENTS, path="a.ndjson", is_complete=False)


@pytest.mark.parametrize("field", ["drop", "identifiers"])
def test_a_misspelt_private_column_does_not_land(field: str) -> None:
    mapping = Mapping.model_validate({field: ["emial"]})
    with pytest.raises(MappingError, match=f"{field}: no column is named 'emial', while 'email'"):
        check((*NEEDED, "email"), mapping, EVENTS, path="a.csv", is_complete=True)
    check(NEEDED, mapping, EVENTS, path="a.csv", is_complete=True)
    assert misnamed(NEEDED, mapping, EVENTS) == []


def test_the_example_of_the_documentation_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "m.yml"
    path.write_text(
        "source: brightside\ncolumns:\n  user_id: UserID\n  watch_duration: Duration\n"
        'watch_date_format: "%Y/%m/%d %H:%M"\ntime_zone: UTC\ndecimal_separator: ","\n'
        "identifiers: [device_serial]\ndrop: [email]\n"
    )
    assert load_mapping(path, EVENTS).source == "brightside"


def test_identity_ignores_order_and_renaming_to_the_same_name() -> None:
    one = Mapping(columns={"device": "d", "user_id": "user_id"}, drop=["x", "y"])
    other = Mapping(columns={"device": "d"}, drop=["y", "x", "x"])
    assert one.identity() == other.identity()
    assert one.identity() != Mapping(columns={"device": "d"}).identity()


@pytest.mark.parametrize("text", ["%d.%m.%Y %H:%M", "%Y%j", "%a %d %b %y", "%Y-%m-%d %H:%M:%S %z"])
def test_a_format_that_holds_a_date_is_taken(text: str) -> None:
    assert Mapping(watch_date_format=text).watch_date_format == text
