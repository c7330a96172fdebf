"""Reads of single users are on record before anything is told of them."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.audit import Audit
from api.problems import ProblemError
from watchhouse.audit import Read


def read(number: int, month: int = 10) -> Read:
    return Read("key", f"u{number}", "/v1/users/{user_id}", datetime(2026, month, 1, tzinfo=UTC))


def users_in(path: Path) -> list[str]:
    return [json.loads(line)["user_id"] for line in path.read_text().splitlines()]


def test_those_that_wait_share_a_write_and_keep_their_order(tmp_path: Path) -> None:
    async def note_all() -> None:
        audit = Audit(tmp_path / "audit")
        months = [10] * 30 + [11] * 30
        noted = [audit.note(read(number, month)) for number, month in enumerate(months)]
        for number, each in enumerate(noted):
            await each
            # On disk by then.
            month = months[number]
            assert f"u{number}" in users_in(tmp_path / "audit" / f"2026-{month}.ndjson")
        audit.close()

    asyncio.run(note_all())
    assert users_in(tmp_path / "audit" / "2026-10.ndjson") == [f"u{n}" for n in range(30)]
    assert users_in(tmp_path / "audit" / "2026-11.ndjson") == [f"u{n}" for n in range(30, 60)]


def test_what_cannot_be_recorded_is_refused_each_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    folder.write_text("in the way")

    async def note_all() -> None:
        audit = Audit(folder)
        for noted in [audit.note(read(number)) for number in range(3)]:
            with pytest.raises(ProblemError) as refused:
                await noted
            assert (refused.value.status, refused.value.kind) == (503, "not-recorded")
        folder.unlink()
        await audit.note(read(3))
        audit.close()

    asyncio.run(note_all())
    assert users_in(folder / "2026-10.ndjson") == ["u3"]
