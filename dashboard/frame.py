"""What every page is made of: a head with the release, figures, panels, and what to take along."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import pyarrow as pa
import streamlit as st

from dashboard import cells, reads, specs
from dashboard.definitions import explain, short
from dashboard.downloads import as_csv, as_parquet, file_name
from dashboard.figures import Figure, comparison
from dashboard.formats import UNKNOWN, age, amount, days, float_of, moment
from dashboard.reads import Sheet, UnanswerableError
from dashboard.state import View, filter_texts
from watchhouse.manifests import ReleaseManifest

_STYLE: Final = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 3.25rem; padding-bottom: 3rem; }
@media (min-width: 1000px) {
  [data-testid="stMainBlockContainer"] { padding-left: 3rem; padding-right: 3rem; }
  .st-key-figures { min-height: 15.5rem; }
}
[data-testid="stMetricValue"] { font-size: 1.7rem; }
@media (max-width: 640px) {
  [data-testid="stColumn"]:has([data-testid="stMetric"]) {
    min-width: calc(50% - 1rem); flex: 1 1 calc(50% - 1rem);
  }
}
[data-testid="stHeading"] h1 { padding-bottom: 0; font-size: 2rem; }
[data-testid="stHeading"] h3 { padding-bottom: 0.25rem; font-size: 1.15rem; }
</style>"""
_FOLLOWED_SECONDS: Final = 20
"""How often an open page looks whether there is a new release."""


@dataclass
class Page:
    """One page while it is drawn. `shown` are the tables of its panels, for the download."""

    name: str
    view: View
    _corner: Any
    shown: dict[str, pa.Table] = field(default_factory=dict)

    def reserve(self) -> Any:  # noqa: ANN401 - of Streamlit
        """Return the place of figures that are asked for after the charts below them.

        Charts take longest to be drawn, so they are sent first; nothing moves when figures come.
        """
        return st.container(key="figures")

    def figures(self, figures: Sequence[Figure]) -> None:
        """Show figures side by side, each with its change, its line and its meaning."""
        for place, figure in zip(st.columns(len(figures), gap="small"), figures, strict=True):
            moved = 0.0 if figure.change is None else float_of(figure.change)
            place.metric(
                short(figure.name),
                figure.value,
                figure.change,
                # Up and down by colours that every eye tells apart, and by the arrow.
                delta_color="blue" if moved > 0 else "orange" if moved < 0 else "gray",
                delta_arrow="auto" if moved else "off",
                help="\n\n".join(filter(None, (explain(figure.name), figure.note))),
                border=True,
                chart_data=figure.line if len(figure.line) > 1 else None,
                chart_type="area",
                height="stretch",
            )
        said = comparison(self.view)
        if said:
            st.caption(f"{said[:1].upper()}{said[1:]}")
        self.shown["Figures"] = pa.Table.from_pylist(
            [
                {"metric": figure.name, "value": figure.value, "change": figure.change}
                for figure in figures
            ]
        )

    def counts(self, counts: Sequence[tuple[str, int, str]]) -> None:
        """Show whole numbers side by side: what each is called, how many, and what it means."""
        for place, (title, value, about) in zip(st.columns(len(counts)), counts, strict=True):
            place.metric(title, amount(value, "rows"), help=about, border=True, height="stretch")

    def panel(  # noqa: PLR0913 - words by name
        self,
        title: str,
        of: Callable[[], Sheet],
        draw: specs.Draw,
        *,
        metrics: Sequence[str] = (),
        about: str = "",
        empty: str = "",
        needs: Sequence[str] = (),
    ) -> None:
        """Show a chart of a table under a title, or a note where there is nothing to draw.

        Nothing is shown where the release is older than a mart that it `needs`.
        """
        if not reads.has(*needs):
            return
        table = self._opened(title, of, metrics=metrics, about=about, empty=empty)
        if table is not None:
            specs.show(draw, table, title=title)

    def table(  # noqa: PLR0913 - as above
        self,
        title: str,
        of: Callable[[], Sheet],
        columns: Mapping[str, Any],
        *,
        metrics: Sequence[str] = (),
        about: str = "",
        empty: str = "",
        needs: Sequence[str] = (),
        **options: Any,  # noqa: ANN401 - of st.dataframe
    ) -> tuple[dict[str, Any], ...]:
        """Show a table under a title: `columns` in their order; return the rows selected."""
        if not reads.has(*needs):
            return ()
        table = self._opened(title, of, metrics=metrics, about=about, empty=empty)
        if table is None:
            return ()
        shown, config = cells.fitted(table, columns)
        selected = st.dataframe(
            shown,
            column_config=config,
            hide_index=True,
            width="stretch",
            placeholder=UNKNOWN,
            **options,
        )
        if "on_select" not in options:
            return ()
        return tuple(table.slice(row, 1).to_pylist()[0] for row in selected["selection"]["rows"])

    def close(self) -> None:
        """Offer what was shown for download."""
        with self._corner:
            _downloads(self.name, self.shown)

    def _opened(
        self,
        title: str,
        of: Callable[[], Sheet],
        *,
        metrics: Sequence[str],
        about: str,
        empty: str,
    ) -> pa.Table | None:
        """Show the title; return the table, None when a note stands in its place."""
        meaning = "\n\n".join(filter(None, (about, explain(*metrics))))
        st.subheader(title, help=meaning or None, anchor=False)
        try:
            sheet = of()
        except UnanswerableError as reason:
            st.info(str(reason), icon=":material/info:")
            return None
        if not len(sheet.table):
            st.info(" ".join((empty or self._nothing(), *sheet.notes)), icon=":material/info:")
            return None
        for note in sheet.notes:
            st.caption(note)
        self.shown[title] = sheet.table
        return sheet.table

    def _nothing(self) -> str:
        chosen = filter_texts(self.view)
        within = f" with {'; '.join(chosen)}" if chosen else ""
        return f"Nothing was played from {days(self.view.first, self.view.end)}{within}."


@st.fragment
def _downloads(page: str, shown: Mapping[str, pa.Table]) -> None:
    """Offer tables; the buttons are made when somebody looks."""
    box = st.popover("Download", icon=":material/download:", key="downloads", on_change="rerun")
    if not box.open:
        return
    with box:
        if not shown:
            st.caption("Nothing is shown that could be downloaded.")
        for name, table in shown.items():
            offer(page, name, table)


def offer(page: str, name: str, table: pa.Table) -> None:
    """Offer a table of a page for download."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(name)
        for kind, write in (("csv", as_csv), ("parquet", as_parquet)):
            st.download_button(
                "CSV" if kind == "csv" else "Parquet",
                # Written only when it is asked for.
                partial(write, table),
                file_name=file_name(page, name, kind=kind),
                key=f"download {page} {name} {kind}",
                on_click="ignore",
            )


def begin() -> None:
    """Say how pages look."""
    st.html(_STYLE)


def open_page(name: str, about: str, view: View, *, is_dated: bool = True) -> Page:
    """Show the head of a page: its name, what it answers, and the release that answers.

    What was chosen is named only where the page is `is_dated`, of the days and filters chosen.
    """
    title, corner = st.columns([3, 2], vertical_alignment="bottom")
    with title:
        st.title(name, anchor=False)
        st.caption(about)
    with corner:
        freshness()
    chosen: tuple[str, ...] = ()
    if is_dated:
        zone = (f"Days of {view.time_zone}",) if view.time_zone else ()
        chosen = (days(view.first, view.end), *filter_texts(view), *zone)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(
            " ".join(f":gray-badge[{text}]" for text in chosen),
            width="content",
        )
        right = st.container(width="content")
    return Page(name, view, right)


@st.fragment(run_every=_FOLLOWED_SECONDS)
def freshness() -> None:
    """Show which release answers and how old it is; draw the page anew when there is another."""
    view: View | None = st.session_state["view"]
    release: ReleaseManifest = st.session_state["release"]
    if reads.current_id(st.session_state["home"]) not in {None, release.release_id}:
        st.rerun()
    seconds = (datetime.now(UTC) - release.published_at).total_seconds()
    as_of = moment(release.data_as_of, view.time_zone if view and view.time_zone else "UTC")
    st.caption(
        f"Release {release.release_id}, published {age(seconds)}  \nData to {as_of}",
        text_alignment="right",
    )


def link_to_show(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> None:
    """Offer the page of each show in `rows`, with all that was chosen."""
    for row in rows:
        st.page_link(
            "app_pages/show.py",
            label=f"Open {row['show_name']}",
            icon=":material/arrow_forward:",
            query_params={**st.query_params.to_dict(), "show": names[row["show_id"]]},
        )


def no_release(why: str) -> None:
    """Say that there is nothing to show yet, and how to come by it."""
    st.title("No release yet", anchor=False)
    st.write(
        "The dashboard shows the current release of a home, and nothing has been published in "
        "this one. For an example, run:"
    )
    st.code("make demo", language="sh")
    st.write("For your own data:")
    st.code('make ingest FILES="events.csv"\nmake build', language="sh")
    st.caption(f"{why[:1].upper()}{why[1:]}")
    _look_again()


def no_plays(release: ReleaseManifest) -> None:
    """Say that the release is there and holds no plays."""
    st.title("No plays yet", anchor=False)
    st.info(
        f"Release {release.release_id} holds no plays: nothing valid has landed yet. "
        "`make status` says what became of what did.",
        icon=":material/info:",
    )
    freshness()


@st.fragment(run_every=_FOLLOWED_SECONDS)
def _look_again() -> None:
    if reads.current_id(st.session_state["home"]) is not None:
        st.rerun()
