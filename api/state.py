"""What the routes of one worker work with."""

from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request

from api.access import Access, Caller
from api.answers import Answers
from api.measures import Measures
from api.reading import Reader
from watchhouse.live import Live
from watchhouse.pseudonyms import Pseudonymiser


@dataclass
class State:
    """Made when the application starts."""

    access: Access
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
    """Return the pseudonym of a user, once it is on record that somebody asks.

    Raises:
        ProblemError: it cannot be recorded.
    """
    state = state_of(request)
    user = state.pseudonymiser.pseudonym(user_id) or ""
    state.access.record(caller, user=user, path=path, now=datetime.now(UTC))
    return user
