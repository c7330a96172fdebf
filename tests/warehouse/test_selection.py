"""The fast selection: what is in it, and that a full build makes up for what it left out."""

from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Project, Workshop
from watchhouse.state import build_database, read_state, refresh_reason

CORE = ("--selector", "core")


def test_core_depends_on_no_other_area(project: Project) -> None:
    nodes = project.manifest.nodes
    needed = [node.unique_id for node in nodes.values() if "core" in node.config.tags]
    assert needed
    seen = set()
    while needed:
        node = nodes.get(needed.pop())
        if node is None or node.unique_id in seen:
            continue
        seen.add(node.unique_id)
        needed += node.depends_on_nodes
        assert "marts" not in node.fqn or "core" in node.fqn, node.unique_id


def test_tables_of_the_core_that_grow_are_published_by_what_changed(project: Project) -> None:
    changed = {mart.name for mart in project.plan.marts if mart.is_core and mart.changed}
    assert changed == {
        "dim_users",
        "fct_platform_days",
        "fct_quarantined_events",
        "fct_show_days",
        "rpt_batch_reconciliation",
    }


def test_what_core_builds_saw_reaches_every_mart(
    project: Project, workshop: Workshop, lake: Lake, make_workshop: MakeWorkshop
) -> None:
    lake.events("first", play("ann", "Alpha", "2026-03-02T20:00:00Z", 30))
    workshop.build()
    workshop.publish()
    lake.events("second", play("ann", "Alpha", "2026-02-02T20:00:00Z", 300))
    workshop.build(*CORE)
    workshop.publish()
    # Neither a run that is not published nor one that dies may forget what waits.
    lake.events("third", play("ben", "Beta", "2026-03-01T20:00:00Z", 30))
    workshop.run_without("fct_activity_days")
    lake.users("accounts", {"user_id": "eve", "country": "DE"})
    workshop.build(*CORE)
    core = workshop.release(workshop.publish())
    with build_database(workshop.home) as connection:
        waiting = read_state(connection).waiting

    workshop.build()
    full = workshop.release(workshop.publish())

    at_once = make_workshop({})
    lake.copy_to(at_once.home)
    at_once.build()
    assert len(waiting) == 3
    assert_equal_marts(core, at_once.built(), project.keys, project.marts(core=True))
    assert_equal_marts(full, at_once.built(), project.keys)
    with build_database(workshop.home) as connection:
        assert read_state(connection).waiting == set()

    # What was never published is replaced, not added once more, by a run of few models.
    events = "intermediate.int_watch_events_deduplicated"
    with build_database(at_once.home) as connection:
        before = connection.execute(f"select count(*) from {events}").fetchone()
    (refused,) = at_once.run_only("int_watch_events_deduplicated")
    assert "cannot be made without int_contested_plays" in refused
    assert at_once.run_only("int_contested_plays", "int_watch_events_deduplicated") == []
    with build_database(at_once.home) as connection:
        assert connection.execute(f"select count(*) from {events}").fetchone() == before


def test_only_all_of_the_core_is_a_complete_run(workshop: Workshop, lake: Lake) -> None:
    lake.events("first", play("ann", "Alpha", "2026-03-02T20:00:00Z", 30))
    workshop.build()
    workshop.publish()

    for options, is_complete in (
        (CORE, True),
        ((*CORE, "--exclude-resource-type", "unit_test", "test"), False),
        (CORE, True),
        ((*CORE, "--full-refresh"), False),
    ):
        workshop.build(*options)
        with build_database(workshop.home) as connection:
            state = read_state(connection)
        assert state.last_run is not None
        assert state.last_run.selection == "core"
        assert state.last_run.is_complete == is_complete, options
        reason = refresh_reason(state, workshop.project.version)
        assert (reason is not None) == ("--full-refresh" in options), options
