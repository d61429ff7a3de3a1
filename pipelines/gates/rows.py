"""Rows of a stage's tables, by their narrow columns: all of them up to LIMIT, beyond that a sample by hash of doc_id.

The sample goes by the last digits of doc_id, which is a hash: a document and its repeats are in or out together, and
what is no doc_id is always in. Reads no text; of `detail` it takes the length alone.
"""

from collections.abc import Iterator, Mapping

import polars as pl

from pipelines.gates.checks import Suite
from pipelines.outputs import Manifest
from pipelines.store import Ref, Store

LIMIT = 1_000_000
DIGITS = 8
REPEATS = ("repeated_record", "repeated_document")
DUPLICATES = ("exact_duplicate", "near_duplicate")
DECISION = ("doc_id", "keep", "reason", "value", "bound", "related_doc_id", "detail")
WIDE = ("text", "title", "url", "host", "minhash", "exact", "replacement", "detail")
Looked = tuple[pl.DataFrame, int, int]
# The columns that name a row in a verdict; other frames are named by shard and doc_id.
NAMES = dict.fromkeys(
    ("decisions", "distinct", "kept", "rejected", "below", "above", "duplicates", "twins", "documents", "look", "scores")
    + ("edits", "clusters", "signatures", "synthetic"),
    ("shard", "doc_id"),
)


def look(store: Store, suite: Suite, manifest: Manifest) -> dict[str, Looked]:
    """Frame name -> (rows, rows looked at, rows there are)."""
    refs = manifest.shards(f"{suite.stage}/decisions")
    decisions, checked, total = _rows(store, refs, DECISION)
    decisions = decisions.with_columns(detail_chars=pl.col("detail").str.len_chars().cast(pl.Int64)).drop("detail")
    frames = {name: (data, checked, total) for name, data in _views(decisions, _rate(total)).items()}
    for table in suite.rows:
        refs = manifest.shards(table)
        frames[table.partition("/")[2]] = _rows(store, refs, _narrow(store, refs))
    return frames


def _views(decisions: pl.DataFrame, rate: float) -> dict[str, pl.DataFrame]:
    """The decisions, and the parts of them that an expectation is about."""
    reason = pl.col("reason").fill_null("")
    bounded = decisions.filter(pl.col("value").is_not_null() & pl.col("bound").is_not_null())
    duplicates = decisions.filter(reason.is_in(DUPLICATES))
    return {
        "decisions": decisions,
        "distinct": decisions.filter(~reason.is_in(REPEATS)),
        "kept": decisions.filter("keep"),
        "rejected": decisions.filter(~pl.col("keep")),
        "below": bounded.filter(reason.str.ends_with("_below")),
        "above": bounded.filter(reason.str.ends_with("_above")),
        "duplicates": duplicates,
        "twins": _twins(decisions, duplicates, rate),
    }


def _twins(decisions: pl.DataFrame, duplicates: pl.DataFrame, rate: float) -> pl.DataFrame:
    """Duplicates with what was decided on their twin, as far as the sample would hold the twin."""
    fates = decisions.select(related_doc_id="doc_id", related_keep="keep").unique("related_doc_id", maintain_order=True)
    named = duplicates.filter(pl.col("related_doc_id").is_not_null() & _sampled("related_doc_id", rate))
    return named.join(fates, on="related_doc_id", how="left", maintain_order="left")


def _narrow(store: Store, refs: tuple[Ref, ...]) -> tuple[str, ...]:
    """Columns of a table without its texts and bytes, from the first shard that can be read."""
    names = next((footer[0].names for ref in refs if (footer := store.footer(ref)) is not None), [])
    return tuple(name for name in names if name not in WIDE)


def _rows(store: Store, refs: tuple[Ref, ...], columns: tuple[str, ...]) -> Looked:
    total = sum(ref.rows for ref in refs)
    parts = list(_parts(store, refs, columns, _rate(total)))
    empty = pl.DataFrame(schema={"shard": pl.String, "doc_id": pl.String})
    rows = pl.concat(parts).head(2 * LIMIT) if parts else empty
    return rows, rows.height, total


def _parts(store: Store, refs: tuple[Ref, ...], columns: tuple[str, ...], rate: float) -> Iterator[pl.DataFrame]:
    for ref in refs:
        rows = _flat(store.read(ref, columns)).select(pl.lit(ref.shard).alias("shard"), pl.exclude("shard"))
        yield rows.filter(_sampled("doc_id", rate)) if rate < 1 else rows


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Of a nested provenance only its origin is looked at."""
    if "provenance" not in rows.columns:
        return rows
    return rows.with_columns(pl.col("provenance").struct.field("origin")).drop("provenance")


def _rate(total: int) -> float:
    return min(1.0, LIMIT / total) if total else 1.0


def _sampled(column: str, rate: float) -> pl.Expr:
    """Whether a row is looked at; what does not end in hex digits always is."""
    number = pl.col(column).str.tail(DIGITS).str.to_integer(base=16, strict=False)
    return (number < rate * 16**DIGITS).fill_null(True)


def first_copies(store: Store, manifest: Manifest) -> int:
    """Documents of the mixture, each counted once however often it is repeated."""
    refs = manifest.shards("mix/documents")
    return sum(int((store.read(ref, ("copy",))["copy"] == 0).sum()) for ref in refs)


def counted(frames: Mapping[str, Looked]) -> dict[str, dict[str, int]]:
    """Rows looked at, and rows there are, per frame."""
    return {name: {"rows_checked": checked, "rows_total": total} for name, (_, checked, total) in frames.items()}
