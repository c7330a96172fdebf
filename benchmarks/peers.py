# ruff: noqa: ANN401, PLC0415 - each tool is imported alone, and has types of its own
"""Other ways to bring a CSV file to Parquet, run in an environment of their own.

Run as `python peers.py NAME bare|same INPUT OUTPUT_FOLDER`. `bare` is the shortest way that the
tool's documentation shows; `same` does what landing does: text columns, pseudonyms over the
distinct identifiers, provenance on every row.
"""

import base64
import hashlib
import hmac
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEY = bytes(32)
PROVENANCE = {"batch_id": "b0", "source": "default", "source_kind": "file", "source_uri": "a.csv"}
NOW = datetime(2025, 1, 1, tzinfo=UTC)


def pseudonym(identifier: str) -> str:
    """Hash an identifier as Watchhouse does."""
    digest = hmac.digest(KEY, identifier.encode(), hashlib.sha256)[:16]
    return base64.urlsafe_b64encode(digest)[:22].decode()


def with_pandas(mode: str, source: str, target: Path) -> None:
    """Land with pandas."""
    import pandas as pd

    if mode == "bare":
        frame = pd.read_csv(source)
    else:
        frame = stamped(pd.read_csv(source, dtype=str, keep_default_na=False, na_values=[""]), 2)
    frame.to_parquet(target / "part.parquet", compression="zstd")


def stamped(frame: Any, first: int) -> Any:
    """Do the work of landing on a data frame whose first record is on line `first`."""
    users = frame["user_id"].unique()
    frame["user_id"] = frame["user_id"].map(dict(zip(users, map(pseudonym, users), strict=True)))
    for name, value in PROVENANCE.items():
        frame[name] = value
    frame["source_position"] = range(first, first + len(frame))
    frame["landed_at"] = NOW
    return frame


def with_polars(mode: str, source: str, target: Path) -> None:
    """Land with polars."""
    import polars as pl

    if mode == "bare":
        pl.scan_csv(source).sink_parquet(target / "part.parquet", compression="zstd")
        return
    frame = pl.read_csv(source, infer_schema=False)
    users = frame["user_id"].unique().to_list()
    frame.with_columns(
        pl.col("user_id").replace_strict(users, [pseudonym(user) for user in users]),
        *(pl.lit(value).alias(name) for name, value in PROVENANCE.items()),
        (pl.int_range(pl.len()) + 2).alias("source_position"),
        pl.lit(NOW).alias("landed_at"),
    ).write_parquet(target / "part.parquet", compression="zstd")


def with_dlt(mode: str, source: str, target: Path) -> None:
    """Land with dlt."""
    import dlt
    import pandas as pd

    @dlt.resource(name="watch_events")
    def events() -> Any:
        options = {} if mode == "bare" else {"dtype": str, "keep_default_na": False}
        first = 2
        for chunk in pd.read_csv(source, chunksize=100_000, **options):
            yield chunk if mode == "bare" else stamped(chunk, first)
            first += len(chunk)

    pipeline = dlt.pipeline(
        pipeline_name="landing",
        pipelines_dir=str(target / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=target.as_uri()),
        dataset_name="raw",
    )
    pipeline.run(events(), loader_file_format="parquet")


if __name__ == "__main__":
    tool, mode, source, target = sys.argv[1:]
    Path(target).mkdir(parents=True)
    {"pandas": with_pandas, "polars": with_polars, "dlt": with_dlt}[tool](
        mode, source, Path(target)
    )
