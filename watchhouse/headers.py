"""Headers that answers of the HTTP service bear: it writes them, and its client reads them."""

from collections.abc import Mapping
from typing import Final

PROVENANCE: Final[Mapping[str, str]] = {
    "release": "Watchhouse-Release",
    "data_as_of": "Watchhouse-Data-As-Of",
    "metric_version": "Watchhouse-Metric-Version",
    "data_level": "Watchhouse-Data-Level",
    "data_levels": "Watchhouse-Data-Levels",
}
"""Where an answer comes from, by the names that JSON has for the same."""
NEXT_CURSOR: Final = "Watchhouse-Next-Cursor"
"""What asks for the page behind this one."""
