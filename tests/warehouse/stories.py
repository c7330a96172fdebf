"""Scenarios that share the builds of one lake, because a build takes seconds.

A story is a generator: what it lands before its first `yield` is in the first build, what it lands
before the second is in the second, and so on. The stories of a test module have users, shows and
days of their own, so that each can be read, and checked, by itself. Workers must run whole files
(`--dist loadfile`): otherwise each of them makes the builds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.warehouse.lake import Lake
from tests.warehouse.workshop import Reader, Workshop

Story = Callable[[Lake], Iterator[None]]


@dataclass(frozen=True)
class Told:
    """Stories that were told in a home, each chapter of them built and published."""

    workshop: Workshop
    lake: Lake
    stories: Sequence[Story]

    def at(self, chapter: int) -> Reader:
        """Read the release of a chapter, from 1."""
        return self.workshop.release(chapter)


def chapters(stories: Sequence[Story], lake: Lake) -> Iterator[int]:
    """Land the next chapter of every story and yield its number, from 1, until all have ended."""
    running = [story(lake) for story in stories]
    number = 0
    while True:
        going = []
        for story in running:
            try:
                next(story)
            except StopIteration:
                continue
            going.append(story)
        if not going:
            return
        running = going
        number += 1
        yield number


def tell(stories: Sequence[Story], workshop: Workshop, lake: Lake) -> Told:
    """Build, test and publish each chapter."""
    for chapter in chapters(stories, lake):
        workshop.build()
        assert workshop.publish() == chapter
    return Told(workshop, lake, stories)
