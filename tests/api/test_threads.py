"""Work beside the event loop: results, errors, so many at once, and an end."""

import asyncio
import threading

import pytest

from api.threads import Threads


def test_results_and_errors_arrive_where_they_are_waited_for() -> None:
    async def work() -> None:
        threads = Threads(2, name="test")
        works = [threads.run(int, text) for text in ("1", "x", "3")]
        assert await works[0] == 1
        with pytest.raises(ValueError, match="'x'"):
            await works[1]
        assert await works[2] == 3
        threads.close()

    asyncio.run(work())


def test_so_many_work_at_once_and_the_next_one_waits() -> None:
    async def work() -> None:
        threads = Threads(2, name="test")
        met = threading.Barrier(3, timeout=30)
        waiting = [threads.run(met.wait) for _ in range(2)]
        third = threads.run(threading.current_thread)
        assert threading.active_count() == before + 2
        assert not third.done()
        await asyncio.to_thread(met.wait)
        await asyncio.gather(*waiting)
        assert (await third).name == "test"
        threads.close()

    before = threading.active_count()
    asyncio.run(work())


def test_one_thread_is_enough_for_what_comes_one_by_one() -> None:
    async def work() -> None:
        threads = Threads(4, name="test")
        assert len({await threads.run(threading.get_ident) for _ in range(20)}) == 1
        threads.close()

    asyncio.run(work())


def test_what_is_at_hand_is_done_before_the_end_though_nobody_waits() -> None:
    done: list[int] = []

    async def work() -> None:
        threads = Threads(1, name="test")
        threads.run(done.append, 1).cancel()
        threads.run(done.append, 2)
        threads.close()

    asyncio.run(work())
    assert done == [1, 2]
