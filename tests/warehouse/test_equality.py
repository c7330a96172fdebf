"""Whatever arrives, in whatever order: building batch by batch equals one build of everything."""

from pathlib import Path

import pytest

from tests.warehouse.arrivals import Arrivals
from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake
from tests.warehouse.workshop import Project

QUICK_SEEDS = (1, 2, 3)
SLOW_SEEDS = range(100, 160)

_GAPS = """
    select coalesce(sum(abs(conservation_gap) + abs(reading_gap) + abs(missing_reject_count)), 0)
    from marts.rpt_batch_reconciliation
"""


@pytest.mark.parametrize(
    "seed", [*QUICK_SEEDS, *(pytest.param(seed, marks=pytest.mark.slow) for seed in SLOW_SEEDS)]
)
def test_incremental_equals_full_refresh(
    seed: int, project: Project, make_workshop: MakeWorkshop, tmp_path: Path
) -> None:
    arrivals = Arrivals(seed, project.models)
    stepwise = make_workshop(arrivals.variables)
    lake = Lake(stepwise.home, tmp_path)
    release = 0
    for step in arrivals.steps(6):
        for landing in step.landings:
            landing.onto(lake)
        # Without a release there is nothing that one of the core marts could add to.
        is_core = step.selection == "core" and (release > 0 or step.build == "unpublished")
        if step.build == "dies":
            stepwise.run_without(*step.left_out)
        else:
            stepwise.run(*(["--selector", "core"] if is_core else []))
        if step.build == "published":
            before, release = release, stepwise.publish(strictly=False)
            if is_core:
                others = project.marts(core=False)
                assert_equal_marts(
                    stepwise.release(release), stepwise.release(before), project.keys, others
                )

    at_once = make_workshop(arrivals.variables)
    lake.copy_to(at_once.home)
    at_once.build()

    core = project.marts(core=True)
    assert_equal_marts(stepwise.release(release), at_once.built(), project.keys, core)
    if is_core:
        stepwise.run()
        release = stepwise.publish(strictly=False)
    assert_equal_marts(stepwise.built(), at_once.built(), project.keys)
    assert_equal_marts(stepwise.release(release), at_once.built(), project.keys)
    assert at_once.built().ask(_GAPS) == [(0,)]
