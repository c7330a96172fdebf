"""Streamlit with what the pages need imported already: the first visitor does not wait for it."""

import sys

import altair as alt
import duckdb
import pyarrow.csv
import pyarrow.parquet
from altair.utils.schemapi import disable_debug_mode
from streamlit.web import cli

from dashboard.definitions import registry
from watchhouse import live, questions, releases

IMPORTED = (alt, duckdb, live, pyarrow.csv, pyarrow.parquet, questions, releases)


if __name__ == "__main__":
    registry()
    # Each part of a chart would be held against the schema by itself, which is for tests.
    disable_debug_mode()
    sys.exit(cli.main(prog_name="streamlit"))
