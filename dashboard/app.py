"""The entry, run by `watchhouse serve`: what all pages share, and which page is drawn."""

from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import frame, reads, state, tail
from watchhouse.errors import NoReleaseError, WatchhouseError
from watchhouse.settings import load_settings

_PAGES = {
    "": {"overview": ("Overview", ":material/monitoring:")},
    "Content": {
        "shows": ("Shows", ":material/movie:"),
        "show": ("Show", ":material/play_circle:"),
        "top10": ("Top 10", ":material/format_list_numbered:"),
    },
    "People": {
        "audience": ("Audience", ":material/groups:"),
        "when": ("When", ":material/schedule:"),
        "user": ("User", ":material/person:"),
    },
    "Data": {
        "live": ("Live", ":material/sensors:"),
        "quality": ("Data quality", ":material/fact_check:"),
    },
}


def navigation() -> st.Page:
    """Return the page that the address names."""
    sections = {
        section: [
            st.Page(f"app_pages/{name}.py", title=title, icon=icon, default=name == "overview")
            for name, (title, icon) in pages.items()
        ]
        for section, pages in _PAGES.items()
    }
    return st.navigation(sections)


# The icon is a file: one of a set would be fetched from another machine.
_HERE: Final = Path(__file__).parent
st.set_page_config(page_title="Watchhouse", page_icon=str(_HERE / "icon.svg"), layout="wide")
st.logo(str(_HERE / "logo.svg"), icon_image=str(_HERE / "icon.svg"), size="large")
frame.begin()
settings = load_settings()
home = settings.layout()
page = navigation()
st.session_state["home"] = home
try:
    with reads.pinned(home) as release:
        st.session_state["release"] = release
        tail.move_on(home, release.release_id)
        smallest = 0 if settings.dashboard_users else settings.smallest_group
        if state.choose(smallest_group=smallest) is None:
            frame.no_plays(release)
        else:
            page.run()
except NoReleaseError as error:
    frame.no_release(str(error))
except WatchhouseError as error:
    st.error(str(error))
