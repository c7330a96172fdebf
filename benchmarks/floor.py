"""The least that a FastAPI route costs: one that returns a constant, served as the service is.

Run as `python floor.py PORT`.
"""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Constant(BaseModel):
    """What every request is answered with: as long as one show-day is."""

    release: int = 1
    data_as_of: str = "2026-05-31T20:00:00Z"
    show_id: str = "show-00001"
    play_count: int = 2149
    hours_viewed: float = 314.6


app = FastAPI()


@app.get("/")
async def get_constant() -> Constant:
    """Return it."""
    return Constant()


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), access_log=False, log_level="warning", server_header=False
    )
