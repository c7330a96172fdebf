"""`watchhouse replay`: take what was quarantined back through the rules."""

import argparse
import json
import logging
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ingest.columns import STREAMS
from ingest.mappings import load_mapping
from ingest.preparing import prepare
from ingest.relanding import Relander
from watchhouse.errors import UsageError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger, superseded
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.releases import open_current
from watchhouse.settings import Settings

_LOGGER: Final = logging.getLogger("watchhouse.ingest")

_QUARANTINED: Final = """
    select batch_id, count(*) as quarantined_count
    from fct_quarantined_events
    where
        not is_rejected
        and stream = $stream
        and ($reasons is null or list_has_any(reason_codes, $reasons))
        and ($batches is null or list_contains($batches, batch_id))
    group by batch_id
"""
_REASONS: Final = """
    select distinct unnest(reason_codes) as reason_code
    from fct_quarantined_events where not is_rejected and stream = $stream order by reason_code
"""


@dataclass(frozen=True)
class Replayed:
    """A batch with quarantined records, and the one that replays it; None if none does."""

    batch_id: str
    source_uri: str
    landed_count: int
    quarantined_count: int
    replayed_in: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse replay`."""
    parser.description = (
        "Land batches with quarantined records anew, so that the next build judges them by the "
        "rules as they are now, and under a mended mapping if one is given. Each new batch "
        "supersedes the one that it replays."
    )
    parser.add_argument(
        "--reason", action="append", metavar="CODE", help="batches with such records; repeatable"
    )
    parser.add_argument(
        "--batch", action="append", metavar="ID", help="only these batches; repeatable"
    )
    parser.add_argument("--all", action="store_true", help="every batch with quarantined records")
    parser.add_argument(
        "--stream", choices=sorted(STREAMS), default="watch_events", help="kind of records"
    )
    parser.add_argument(
        "--mapping", type=Path, metavar="FILE", help="YAML that maps column names, as for ingest"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be replayed")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Replay what was asked for; 1 if no quarantined record matches.

    Raises:
        WatchhouseError: there is no release, or the mapping does not fit.
    """
    if not (arguments.reason or arguments.batch or arguments.all):
        message = "say what to replay: --reason CODE, --batch ID or --all"
        raise UsageError(message)
    stream = STREAMS[arguments.stream]
    mapping = load_mapping(arguments.mapping, stream) if arguments.mapping else None
    home = settings.layout()
    ledger = Ledger(home)
    chosen, matched = _chosen(arguments, home, ledger)
    if not chosen:
        return 0 if matched else 1
    key, _ = prepare(home, settings)
    relander = Relander(home, ledger, Pseudonymiser(key))
    done = []
    for entry, count in chosen:
        new = None if arguments.dry_run else relander.land(entry, mapping, now=datetime.now(UTC))
        done.append(
            Replayed(
                batch_id=entry.batch_id,
                source_uri=entry.source_uri,
                landed_count=entry.landed_count,
                quarantined_count=count,
                replayed_in=new.batch_id if new else None,
            )
        )
        _say(done[-1], is_dry=arguments.dry_run)
    if not arguments.dry_run:
        _LOGGER.info("the next build judges them: run `watchhouse build`")
    if arguments.json:
        summary: dict[str, Any] = {"batches": [asdict(replayed) for replayed in done]}
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    return 0


def _chosen(
    arguments: argparse.Namespace, home: Home, ledger: Ledger
) -> tuple[list[tuple[Entry, int]], int]:
    """Return the batches to replay, oldest first, with how many of their records are meant.

    And how many batches match, superseded ones included; says why there is none.
    """
    stream = arguments.stream
    with open_current(home) as release:
        cursor = release.cursor()
        counts: dict[str, int] = dict(
            cursor.execute(
                _QUARANTINED,
                {"stream": stream, "reasons": arguments.reason, "batches": arguments.batch},
            ).fetchall()
        )
        reasons = [row[0] for row in cursor.execute(_REASONS, {"stream": stream}).fetchall()]
    ledger.refresh()
    gone = superseded(ledger.entries())
    chosen = [
        (entry, counts[entry.batch_id])
        for entry in ledger.entries()
        if entry.batch_id in counts and entry.batch_id not in gone
    ]
    waiting = len(counts) - len(chosen)
    if waiting:
        batches = "1 of the batches is" if waiting == 1 else f"{waiting} of the batches are"
        _LOGGER.info("%s superseded already; the next build says more", batches)
    elif not chosen:
        known = ", ".join(reasons) or "none"
        _LOGGER.error(
            "error: no quarantined record of %s matches; reasons in the current release: %s",
            stream,
            known,
        )
    return chosen, len(counts)


def _say(replayed: Replayed, *, is_dry: bool) -> None:
    counts = (
        f"batch {replayed.batch_id} ({replayed.source_uri}): {replayed.quarantined_count:,} of "
        f"{replayed.landed_count:,} rows are quarantined for that"
    )
    if is_dry:
        _LOGGER.info("%s; would be replayed", counts)
    elif replayed.replayed_in is None:
        _LOGGER.info("%s; superseded meanwhile, left as it is", counts)
    else:
        _LOGGER.info("%s; landed anew as batch %s", counts, replayed.replayed_in)
