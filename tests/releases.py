"""Releases of known events, for tests that only read them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ingest.columns import STREAMS
from ingest.loading import Loader
from ingest.mappings import Mapping
from tests.warehouse.workshop import Project, Workshop
from watchhouse.layout import Home
from watchhouse.pseudonyms import Pseudonymiser

KEY: Final = "0b" * 32
"""Of the pseudonyms in them."""


def publish_events(
    home: Home, events: Sequence[dict[str, str]], project: Project, *, landed_at: datetime
) -> None:
    """Land events and a line that is torn, build and publish them."""
    path = home.root / "events.ndjson"
    path.write_text("".join(json.dumps(event) + "\n" for event in events) + "{torn\n")
    loader = Loader(
        home=home,
        stream=STREAMS["watch_events"],
        mapping=Mapping(),
        pseudonymiser=Pseudonymiser(bytes.fromhex(KEY)),
    )
    assert loader.load(path, now=landed_at).status == "landed"
    workshop = Workshop(home, project, {})
    workshop.run()
    workshop.publish(strictly=False)
