"""Homes and numbers that an engine takes for something else."""

from pathlib import Path

from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Project, Workshop
from watchhouse.layout import Home


def test_a_home_named_like_a_glob_is_read_whole(project: Project, tmp_path: Path) -> None:
    home = Home(tmp_path / "data [old] of ann's*")
    home.root.mkdir()
    workshop = Workshop(home, project, {})
    lake = Lake(home, tmp_path)
    lake.events(
        "first",
        play("ada", "Alpha", "2026-03-01 20:00", 45),
        play("ada", "Alpha", "2026-03-02 20:00", 45, runtime_minutes="1e400"),
    )
    workshop.build()
    release = workshop.release(workshop.publish())

    assert release.ask("select watched_minutes from marts.fct_plays") == [(45.0,)]
    # A double has no such number: it would be infinity, and the share that was watched zero.
    reasons = "select reason_codes from marts.fct_quarantined_events"
    assert release.ask(reasons) == [(["unparseable_runtime"],)]
