"""A raw lake that tests fill through the loader itself, at times of their own choosing."""

import csv
import shutil
from collections.abc import Mapping as Record
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ingest.columns import STREAMS
from ingest.loading import Loader, Outcome
from ingest.mappings import Mapping
from ingest.relanding import Relander
from watchhouse.layout import Home
from watchhouse.ledger import Ledger, superseded
from watchhouse.pseudonyms import Pseudonymiser

Row = Record[str, str | None]

OPENED_AT: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""When the first file lands, unless the test says otherwise; long after every event."""

PSEUDONYMISER: Final = Pseudonymiser(b"a key that no home ever had.....")
"""One key for all lakes, so that the same files make the same batches in each of them."""


class Lake:
    """The raw lake of one home. Every landing happens a second after the one before."""

    def __init__(self, home: Home, inbox: Path) -> None:
        """Keep the files that are landed in `inbox`, under the names that the tests give them."""
        self.home = home
        self._inbox = inbox
        self._now = OPENED_AT

    def land(
        self,
        stream: str,
        rows: Sequence[Row],
        *,
        name: str,
        mapping: Mapping | None = None,
        torn: Sequence[str] = (),
        landed_at: datetime | None = None,
    ) -> Outcome:
        """Write rows and `torn` lines, which have too few fields, to a file, and land it."""
        path = self._inbox / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            file.writelines(f"{line}\n" for line in torn)
        return self.land_file(stream, name, mapping=mapping, landed_at=landed_at)

    def land_file(
        self,
        stream: str,
        name: str,
        *,
        mapping: Mapping | None = None,
        landed_at: datetime | None = None,
    ) -> Outcome:
        """Land a file that was landed before, perhaps under a mended mapping."""
        self._now += timedelta(seconds=1)
        loader = Loader(
            home=self.home,
            stream=STREAMS[stream],
            mapping=mapping or Mapping(),
            pseudonymiser=PSEUDONYMISER,
        )
        outcome = loader.load(self._inbox / f"{name}.csv", now=landed_at or self._now)
        assert outcome.error is None, outcome.error
        return outcome

    def replay(
        self,
        name: str,
        *,
        mapping: Mapping | None = None,
        landed_at: datetime | None = None,
    ) -> str:
        """Replay what a file landed as; return the batch."""
        self._now += timedelta(seconds=1)
        ledger = Ledger(self.home)
        ledger.refresh()
        gone = superseded(ledger.entries())
        (old,) = (
            entry
            for entry in ledger.entries()
            if Path(entry.source_uri).stem == name and entry.batch_id not in gone
        )
        new = Relander(self.home, ledger, PSEUDONYMISER).land(
            old, mapping, now=landed_at or self._now
        )
        assert new is not None
        return new.batch_id

    def events(self, name: str, *rows: Row, mapping: Mapping | None = None) -> str:
        """Land viewing events; return the batch."""
        return _batch(self.land("watch_events", rows, name=name, mapping=mapping))

    def catalog(self, name: str, *rows: Row, mapping: Mapping | None = None) -> str:
        """Land catalogue entries; return the batch."""
        return _batch(self.land("catalog", rows, name=name, mapping=mapping))

    def users(self, name: str, *rows: Row, mapping: Mapping | None = None) -> str:
        """Land accounts; return the batch."""
        return _batch(self.land("users", rows, name=name, mapping=mapping))

    def copy_to(self, home: Home) -> None:
        """Give another home the same raw lake."""
        if self.home.raw.exists():
            shutil.copytree(self.home.raw, home.raw)


def _batch(outcome: Outcome) -> str:
    assert outcome.status == "landed"
    assert outcome.batch_id is not None
    return outcome.batch_id


def pseudonym(user: str) -> str:
    """Return what stands for a user in the lake and in the marts."""
    found = PSEUDONYMISER.pseudonym(user)
    assert found is not None
    return found


def play(user: str, show: str, start: str, minutes: float | str, **others: str | None) -> Row:
    """Return one event: `start` as ISO 8601, UTC."""
    return {
        "event_id": others.pop("event_id", None),
        "user_id": user,
        "show_name": show,
        "watch_date": start,
        "watch_duration_minutes": str(minutes),
        **others,
    }
