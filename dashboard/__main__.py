"""Streamlit with what the pages need imported already: the first visitor does not wait for it.

`python -m dashboard HOST PORT [held]`, in place of `streamlit run`, which has no place for
`Assets`.
"""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final

import altair as alt
import duckdb
import pyarrow.csv
import pyarrow.parquet
import streamlit as st
from altair.utils.schemapi import disable_debug_mode
from starlette.middleware import Middleware

from dashboard.assets import Assets
from dashboard.definitions import registry
from watchhouse import live, questions, releases
from watchhouse.lifelines import end_with_input

IMPORTED = (alt, duckdb, live, pyarrow.csv, pyarrow.parquet, questions, releases)
_APP: Final = Path(__file__).with_name("app.py")


def stop(number: int, frame: FrameType | None) -> None:
    """End without a failure; the server raises what stopped it once more when it is done."""
    del number, frame
    sys.exit(0)


if __name__ == "__main__":
    host, port, *held = sys.argv[1:]
    registry()
    # Each part of a chart would be held against the schema by itself, which is for tests.
    disable_debug_mode()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, stop)
    if held:
        end_with_input()
    app = st.App(_APP, middleware=[Middleware(Assets)])
    app.run(config={"server.address": host, "server.port": int(port)})
