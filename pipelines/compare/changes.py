"""Who entered the release and who left it between two sides, document by document, and why.

Shards whose decisions of mix are equal by digest on both sides are not read. Where tables of a side are gone, Gone says
which: the comparison then has the totals alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.compare.sides import Side
from pipelines.outputs import STAGES
from pipelines.store import Ref

ABSENT = "not in the input"
WHOLE = ("mix/decisions", "mix/sizes")
Refs = Mapping[tuple[str, str], Ref]
_ROWS = ("doc_id", "n_tokens", "source", "language", "host", "stage", "reason")


@dataclass(frozen=True)
class Changes:
    """Rows of documents that one side alone releases: doc_id, n_tokens, source, language, host, stage, reason.

    Stage and reason are where the other side rejects them, null where it does not know them; the rest is of this side.
    """

    entered: pl.DataFrame
    left: pl.DataFrame


class Gone(Exception):
    """A table is not at hand any more. The message names side and table."""


def between(before: Side, after: Side) -> Changes:
    """Compare two sides. A document that only changed its shard neither entered nor left. Raises Gone."""
    one, two = _refs(before), _refs(after)
    shards = sorted({shard for table, shard in (*one, *two) if table == "mix/decisions"})
    moved = [s for s in shards if any(_digest(one, t, s) != _digest(two, t, s) for t in WHOLE)]
    released = {s: (_released(before, one, s), _released(after, two, s)) for s in moved}
    old, new = (pl.concat([_NONE, *(pair[i] for pair in released.values())]) for i in (0, 1))
    entered, left = new.join(old, on="doc_id", how="anti"), old.join(new, on="doc_id", how="anti")
    return Changes(
        _described(entered, (after, two), (before, one), moved), _described(left, (before, one), (after, two), moved)
    )


_NONE = pl.DataFrame(schema={"doc_id": pl.String, "n_tokens": pl.Int64, "source": pl.String, "shard": pl.String})


def _refs(side: Side) -> Refs:
    found = {stage: side.refs(stage) for stage in STAGES}
    gone = [stage for stage, refs in found.items() if refs is None]
    if gone:
        raise Gone(f"{side.label}: data/{gone[0]}/manifest.jsonl")
    return {key: ref for refs in found.values() if refs is not None for key, ref in refs.items()}


def _digest(refs: Refs, table: str, shard: str) -> str | None:
    return refs[table, shard].digest if (table, shard) in refs else None


def _read(side: Side, refs: Refs, table: str, shard: str, columns: tuple[str, ...]) -> pl.DataFrame | None:
    """A table's shard; None where the run had no such shard."""
    ref = refs.get((table, shard))
    if ref is None:
        return None
    if side.path(ref) is None:
        raise Gone(f"{side.label}: data/{table}/{shard}.parquet")
    return side.read(ref, columns)


def _released(side: Side, refs: Refs, shard: str) -> pl.DataFrame:
    """(doc_id, n_tokens, source, shard) of a shard's released documents. Tokens are those after all edits, once."""
    decided = _read(side, refs, "mix/decisions", shard, ("doc_id", "keep"))
    sizes = _read(side, refs, "mix/sizes", shard, ("doc_id", "n_tokens", "source"))
    if decided is None or sizes is None:
        return _NONE
    return sizes.filter(decided["keep"]).with_columns(shard=pl.lit(shard))


def _described(rows: pl.DataFrame, own: tuple[Side, Refs], other: tuple[Side, Refs], shards: list[str]) -> pl.DataFrame:
    """What the releasing side knows of the documents, and where they ended on the other, in whichever shard."""
    known = pl.concat([_FACTS, *(_facts(*own, shard, rows) for shard in rows["shard"].unique().sort())])
    ends = pl.concat([_ENDS, *_ends(*other, shards, rows)]).unique("doc_id", keep="last", maintain_order=True)
    joined = rows.join(known, on="doc_id", how="left", maintain_order="left")
    return joined.join(ends, on="doc_id", how="left", maintain_order="left").select(*_ROWS).sort("doc_id")


_FACTS = pl.DataFrame(schema=dict.fromkeys(("doc_id", "language", "host"), pl.String))
_ENDS = pl.DataFrame(schema=dict.fromkeys(("doc_id", "stage", "reason"), pl.String))


def _facts(side: Side, refs: Refs, shard: str, wanted: pl.DataFrame) -> pl.DataFrame:
    """Language and host; of a synthetic shard nothing."""
    found = _read(side, refs, "extract/documents", shard, ("doc_id", "language", "host"))
    return _FACTS if found is None else found.join(wanted.filter(shard=shard), on="doc_id", how="semi")


def _ends(side: Side, refs: Refs, shards: list[str], wanted: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Rejections, stage after stage: of a repeat of a record that went on, a later stage knows the end."""
    for stage in STAGES if wanted.height else ():
        for shard in shards:
            found = _read(side, refs, f"{stage}/decisions", shard, ("doc_id", "keep", "reason"))
            if found is not None:
                rows = found.filter(~pl.col("keep")).join(wanted, on="doc_id", how="semi")
                yield rows.select("doc_id", stage=pl.lit(stage), reason="reason")


def tallies(rows: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """By stage and reason, source, language and host: documents and tokens, the most tokens first."""
    wheres = rows.with_columns(pl.col("reason").fill_null(ABSENT), pl.col("stage").fill_null("inputs"))
    named = wheres.with_columns(pl.col("language", "host").fill_null("unknown"))
    keys = {"reason": ["stage", "reason"], "source": ["source"], "language": ["language"], "host": ["host"]}
    return {name: _tally(named, columns) for name, columns in keys.items()}


def _tally(rows: pl.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    counted = rows.group_by(columns, maintain_order=True).agg(
        documents=pl.len().cast(pl.Int64), tokens=pl.col("n_tokens").sum()
    )
    return list(counted.sort("documents", *columns, descending=[True, *(False for _ in columns)]).iter_rows(named=True))
