"""What the build database remembers decides whether its tables may be added to."""

import pytest

from watchhouse.state import EMPTY_STATE, BuildState, LastRun, refresh_reason


def state(
    *,
    tables: str | None = "new",
    full_refresh: bool = False,
    is_complete: bool = True,
    published: frozenset[str] = frozenset({"a"}),
) -> BuildState:
    run = LastRun(
        invocation_id="run",
        code_version="new",
        table_code_version=tables,
        full_refresh=full_refresh,
        is_complete=is_complete,
        failed_count=0,
    )
    return BuildState(last_run=run, seen=frozenset({"a", "b"}), published=published)


@pytest.mark.parametrize(
    ("remembered", "expected"),
    [
        (EMPTY_STATE, None),
        (state(), None),
        (state(is_complete=False), None),
        (state(tables="old"), "have changed"),
        (state(tables=None), "have changed"),
        (state(full_refresh=True, is_complete=False), "did not finish"),
        (state(published=frozenset()), "nothing of the last build was published"),
    ],
)
def test_tables_are_made_anew_for_a_reason(remembered: BuildState, expected: str | None) -> None:
    reason = refresh_reason(remembered, "new")

    if expected is None:
        assert reason is None
    else:
        assert reason is not None
        assert expected in reason
