"""`watchhouse status`: what is landed, waiting, published and set aside, and who is building."""

import argparse
import json
import logging
import sys
from datetime import datetime
from typing import Any, Final

from watchhouse.accounts import TOTALS
from watchhouse.collection import release_ids
from watchhouse.counts import counted
from watchhouse.errors import NoReleaseError, WatchhouseError
from watchhouse.layout import Home
from watchhouse.ledger import Ledger
from watchhouse.locks import current_holder
from watchhouse.manifests import DATABASE_NAME, ReleaseManifest, read_manifest
from watchhouse.releases import Release, current_release_id, open_current
from watchhouse.settings import Settings

logger = logging.getLogger(__name__)

_REASONS: Final = """
    select reason_code, count(*) as record_count
    from (select unnest(reason_codes) as reason_code from fct_quarantined_events)
    group by reason_code
    order by record_count desc, reason_code
    limit 10
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print the same as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the state of the home; an empty one is no error."""
    report = status(settings.layout())
    if arguments.json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        sys.stdout.write(_text(report))
    return 0


def status(home: Home) -> dict[str, Any]:
    """Return what there is to know about a home, as JSON values; sizes in bytes."""
    ledger = Ledger(home)
    ledger.refresh()
    entries = ledger.entries()
    landed: dict[str, dict[str, int]] = {}
    for entry in entries:
        stream = landed.setdefault(
            entry.stream, {"batch_count": 0, "row_count": 0, "rejected_count": 0}
        )
        stream["batch_count"] += 1
        stream["row_count"] += entry.landed_count
        stream["rejected_count"] += entry.rejected_count
    batch_ids = {entry.batch_id for entry in entries}
    holder = current_holder(home.builder_lock)
    report: dict[str, Any] = {
        "home": str(home.root),
        "landed": landed,
        "waiting_batch_count": len(batch_ids),
        "builder": None if holder is None else {"pid": holder.pid, "since": holder.since},
        "release": None,
        "reconciliation": None,
        "set_aside": {},
        "releases": _releases(home),
    }
    try:
        with open_current(home) as release:
            report |= _published(release, batch_ids)
    except NoReleaseError:
        pass
    return report


def _published(release: Release, landed: set[str]) -> dict[str, Any]:
    cursor = release.cursor()
    taken = {
        batch_id for (batch_id,) in cursor.execute("select batch_id from meta.batches").fetchall()
    }
    manifest = release.manifest
    tables = {
        name
        for (name,) in cursor.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
    }
    facts: dict[str, Any] = {
        "waiting_batch_count": len(landed - taken),
        "release": {
            "release_id": manifest.release_id,
            "published_at": manifest.published_at.isoformat(),
            "data_as_of": manifest.data_as_of.isoformat() if manifest.data_as_of else None,
            "code_version": manifest.code_version,
            "batch_count": manifest.batch_count,
            "selection": manifest.selection,
            "older_marts": {
                name: {
                    "release_id": mart.release_id,
                    "data_as_of": mart.data_as_of.isoformat() if mart.data_as_of else None,
                }
                for name, mart in manifest.older_marts().items()
            },
        },
    }
    if "rpt_batch_reconciliation" in tables:
        cursor.execute(TOTALS)
        names = [column[0] for column in cursor.description or []]
        facts["reconciliation"] = dict(zip(names, cursor.fetchone() or (), strict=True))
    if "fct_quarantined_events" in tables:
        facts["set_aside"] = dict(cursor.execute(_REASONS).fetchall())
    return facts


def _releases(home: Home) -> list[dict[str, Any]]:
    """Return the releases that are kept, newest first, with what each takes on disk by itself."""
    current = current_release_id(home)
    found = []
    for release_id in release_ids(home):
        folder = home.releases / str(release_id)
        try:
            manifest = read_manifest(folder)
            byte_count = (folder / DATABASE_NAME).stat().st_size + _part_bytes(manifest)
        except (OSError, WatchhouseError):
            # Collected this very moment.
            continue
        found.append(
            {
                "release_id": release_id,
                "is_current": release_id == current,
                "published_at": manifest.published_at.isoformat(),
                "byte_count": byte_count,
            }
        )
    return found


def _part_bytes(manifest: ReleaseManifest) -> int:
    return sum(part.byte_count for mart in manifest.marts.values() for part in mart.parts or ())


def _text(report: dict[str, Any]) -> str:
    lines = [f"home         {report['home']}"]
    for stream, counts in sorted(report["landed"].items()):
        rejected = counts["rejected_count"]
        lines.append(
            f"landed       {stream}: {counted(counts['row_count'], 'row')} in "
            f"{counted(counts['batch_count'], 'batch')}"
            + (f", {counted(rejected, 'record')} rejected" if rejected else "")
        )
    if not report["landed"]:
        lines.append("landed       nothing yet: `watchhouse ingest FILE…`")
    waiting = report["waiting_batch_count"]
    if waiting:
        lines.append(f"waiting      {counted(waiting, 'batch')} for `watchhouse build`")
    release = report["release"]
    if release is None:
        lines.append("release      none yet: `watchhouse build` publishes the first")
    else:
        as_of = release["data_as_of"]
        upto = f"data up to {_moment(as_of)}" if as_of else "no plays yet"
        lines.append(
            f"release      {release['release_id']}, published {_moment(release['published_at'])}, "
            f"{upto}, code {release['code_version']}"
        )
        lines += _older(release["older_marts"])
    totals = report["reconciliation"]
    if totals is not None:
        superseded = totals["superseded_count"]
        lines.append(
            f"reconciled   {totals['landed_count']:,} landed = {totals['valid_count']:,} valid + "
            f"{totals['quarantined_count']:,} quarantined + {totals['duplicate_count']:,} duplicate"
            + (f" + {superseded:,} superseded" if superseded else "")
            + (f"; GAP {totals['conservation_gap']:,}" if totals["conservation_gap"] else "")
        )
    lines += [f"set aside    {count:,} {reason}" for reason, count in report["set_aside"].items()]
    for kept in report["releases"]:
        mark = " (current)" if kept["is_current"] else ""
        lines.append(
            f"kept         release {kept['release_id']}{mark}: {_size(kept['byte_count'])}, "
            f"files that it shares with others included"
        )
    builder = report["builder"]
    if builder is not None:
        lines.append(f"building     process {builder['pid']}, since {builder['since']}")
    return "\n".join(lines) + "\n"


def _older(marts: dict[str, dict[str, Any]]) -> list[str]:
    """Say which marts are those of an earlier release, one line for each of these."""
    names: dict[tuple[int, str | None], list[str]] = {}
    for name, mart in marts.items():
        names.setdefault((mart["release_id"], mart["data_as_of"]), []).append(name)
    return [
        f"older        {counted(len(found), 'mart')} outside the core, as of release {release_id}: "
        + (f"data up to {_moment(as_of)}" if as_of else "no plays yet")
        for (release_id, as_of), found in sorted(names.items(), key=lambda item: item[0][0])
    ]


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def _size(byte_count: int) -> str:
    size = float(byte_count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004 - as the units say
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
