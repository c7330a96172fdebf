"""Spares dbt the records of its own work that nobody reads: a fifth of what a small build takes.

dbt makes a protobuf message of every step, thousands in a build, and only then looks whether
anybody listens. Of the debug level we read the end of a node alone, and statements while they are
recorded. Where dbt is built otherwise than it was when this was written, nothing is changed.
"""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STATEMENT: Final = "SQLQuery"
"""The name of the event that says which statement is sent to the database, and for which node."""

_read = {"NodeFinished"}


@contextmanager
def telling_statements() -> "Iterator[None]":
    """Let dbt tell of every `STATEMENT` inside the block."""
    _read.add(STATEMENT)
    try:
        yield
    finally:
        _read.discard(STATEMENT)


def spare_debug_events() -> None:
    """Let dbt drop debug events before it has spelt them out; for the whole process, once."""
    original: Callable[..., None] = EventManager.fire_event
    if getattr(original, "spares_debug_events", False):
        return

    make: Callable[..., None] = BaseEvent.__init__

    def __init__(self: BaseEvent, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401, N807
        if _is_read(self):
            make(self, *args, **kwargs)
        else:
            object.__setattr__(self, "told", (args, kwargs))

    def fire_event(
        self: EventManager,
        e: BaseEvent,
        level: Any = None,  # noqa: ANN401
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        if not _is_read(e):
            if level in {None, EventLevel.DEBUG}:
                return
            told_args, told_kwargs = object.__getattribute__(e, "told")
            make(e, *told_args, **told_kwargs)
        original(self, e, level, *args, **kwargs)

    fire_event.spares_debug_events = True  # type: ignore[attr-defined]
    BaseEvent.__init__ = __init__  # type: ignore[method-assign]
    EventManager.fire_event = fire_event  # type: ignore[method-assign]


def _is_read(event: BaseEvent) -> bool:
    return not isinstance(event, DebugLevel) or type(event).__name__ in _read
