"""The registry of metrics: what every number means."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.access import caller_of
from api.parameters import FAILURES
from watchhouse.metrics import Metric, load_metrics


class Metrics(BaseModel):
    """Every metric that the marts can answer."""

    items: list[Metric]


router = APIRouter(tags=["analytics"])
_METRICS = Metrics(items=list(load_metrics()))


@router.get("/v1/metrics", responses=FAILURES, summary="What every number means")
async def get_metrics(request: Request) -> Metrics:
    """List name, meaning, formula, unit and source of each metric; needs no release."""
    caller_of(request, "read:aggregate")
    return _METRICS
