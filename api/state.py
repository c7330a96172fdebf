"""What the routes of one worker work with."""

from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request

from api.access import Caller
from api.answers import Answers
from api.audit import Audit, Note
from api.measures import Measures
from api.reading import Reader
from watchhouse.audit import Read
from watchhouse.live import Live
from watchhouse.pseudonyms import Pseudonymiser


@dataclass
class State:
    """Made when the application starts."""

    audit: Audit
    reader: Reader
    answers: Answers
    live: Live
    measures: Measures
    pseudonymiser: Pseudonymiser
    smallest_group: int

    def smallest_group_for(self, caller: Caller) -> int:
        """Return how many users a figure must describe; who may read users sees every figure."""
        return 0 if caller.may("read:user") else self.smallest_group


def state_of(request: Request) -> State:
    """Return the state of the worker that answers."""
    state: State = request.app.state.reading
    return state


def recorded(request: Request, caller: Caller, user_id: str, path: str) -> str:
    """Return the pseudonym of a user, and leave a note that somebody asks.

    `Answers` has it recorded, and tells nothing before that is done.
    """
    state = state_of(request)
    user = state.pseudonymiser.pseudonym(user_id) or ""
    read = Read(caller.key_id, user, path, datetime.now(UTC))
    request.scope["note"] = Note(state.audit, read)
    return user
