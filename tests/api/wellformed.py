"""A check for schemathesis: what the OpenAPI document allows is accepted.

It stands in for `positive_data_acceptance`, which knows refusals by their status alone. These are
the ones that no schema can foresee; any other refusal of well-formed data is a failure.
"""

from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response

# Unknown things (404), names of several (409), and what depends on who asks and how often.
_NOT_ABOUT_DATA = frozenset({401, 403, 404, 405, 409, 429, 503})
_UNFORESEEN = frozenset(
    {
        "cursor",  # is one that a page of the same question gave
        "to",  # is after `from`: two parameters, each of them well-formed
    }
)
# Which names there are is said at `/v1/metrics`; which go together, only the marts can tell.
_OF_THE_REGISTRY = frozenset(
    {
        "metrics",
        "dimensions",
        "grain",
        "tz",
        "compare",
        "filters",
        "sort",
        "from",
    }
)


@schemathesis.check
def well_formed_data_is_accepted(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail where a request that the document allows is refused for a reason that it could state."""
    del ctx
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code < 400 or response.status_code in _NOT_ABOUT_DATA:
        return
    problem = response.json()
    kind = problem["type"].rpartition(":")[2]
    excused = _UNFORESEEN
    if case.operation.path == "/v1/metrics/query":
        excused |= _OF_THE_REGISTRY
    named = {fault.get("parameter") for fault in problem.get("errors", ())}
    # A key that named another request before, and a cursor as tables give it.
    if kind in {"idempotency-key-reused", "invalid-cursor"} or (named and named <= excused):
        return
    message = f"well-formed, but refused: {problem}"
    raise AssertionError(message)
