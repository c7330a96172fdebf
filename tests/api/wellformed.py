"""A hook for schemathesis: which well-formed requests are wrong by what no schema can foresee.

Such a request counts as a wrong one from then on, so all checks hold for it: it must be refused,
and as the OpenAPI document says. Any other refusal of well-formed data is a failure.
"""

from typing import Any

import schemathesis
from schemathesis import Case, GenerationMode, HookContext, Response

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


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    """Count a request as wrong if it was refused for one of these."""
    del context
    if response.status_code != 422 or case.meta is None:
        return
    problem = response.json()
    kind = problem["type"].rpartition(":")[2]
    unforeseen = _UNFORESEEN
    if case.operation.path == "/v1/metrics/query":
        unforeseen |= _OF_THE_REGISTRY
    named = {fault.get("parameter") for fault in problem.get("errors", ())}
    # A key that named another request before, and a cursor as tables give it.
    if kind in {"idempotency-key-reused", "invalid-cursor"} or (named and named <= unforeseen):
        case.meta.generation.mode = GenerationMode.NEGATIVE
