"""The least that Streamlit can show with a chart: what our pages are held against."""

from datetime import date, timedelta

import altair as alt
import pyarrow as pa
import streamlit as st

DAYS = [date(2026, 1, 19) + timedelta(days=day) for day in range(14)]
TABLE = pa.table({"day": DAYS, "hours": [100 + 7 * day % 50 for day in range(14)]})
st.altair_chart(alt.Chart(TABLE).mark_line().encode(x="day:T", y="hours:Q"))
