"""Which documents the report shows: a bounded number per reason, by hash of doc_id, from a bounded number of shards.

Reads decisions of the chosen shards and, of the chosen documents, title, address and text; no other text. Writes none.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines import parts
from pipelines.errors import Infrastructure
from pipelines.outputs import STAGES
from pipelines.reports.facts import Facts, Stages
from pipelines.reports.masks import excerpt
from pipelines.store import Ref, Store
from stages import edits

KEPT = "kept"
EXCERPT = 320  # characters of a text, more of it than a title shows and less than a reader would copy
DECIDED = ("doc_id", "keep", "reason", "value", "bound", "also", "related_doc_id", "detail")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """One document as the report may show it: words masked, not yet escaped."""

    stage: str
    reason: str  # or KEPT
    shard: str
    decision: Row
    url: str | None = None
    title: str | None = None
    text: str | None = None  # null where the stage wrote none


def order(name: str) -> bytes:
    """Where a doc_id or a shard stands in the order by hash."""
    return hashlib.sha256(name.encode()).digest()


def examples(store: Store, stages: Stages, each: int, most_shards: int) -> list[Example]:
    """At most `each` rows per stage and reason, and as many that the last finished stage kept."""
    ran = [facts for facts in stages.values() if facts.ran]
    if not ran or not each:
        return []
    found = [one for facts in ran for one in _of(store, facts, facts is ran[-1], each, most_shards)]
    return _told(store, stages, found)


def _of(store: Store, facts: Facts, last: bool, each: int, most_shards: int) -> Iterator[Example]:
    """Examples of one stage, reason by reason, the most frequent reason first."""
    by_shard = parts.by_shard(store.data(facts.stage, "census.jsonl"), "reason")
    reasons = facts.of("reason")
    names = sorted(reasons, key=lambda name: (-reasons[name], name))
    shards = cover(names, by_shard, facts.by_shard if last else {}, most_shards)
    refs = facts.manifest.of(f"{facts.stage}/decisions") if facts.manifest else {}
    rows: dict[str, list[tuple[bytes, str, Row]]] = {}
    for shard in shards:
        if shard in refs:
            for name, row in _rows(store, refs[shard], facts.stage, keep=last):
                rows.setdefault(name, []).append((order(row["doc_id"]), shard, row))
                rows[name] = sorted(rows[name], key=lambda one: one[:2])[:each]
    for name in (*names, KEPT):
        yield from (Example(facts.stage, name, shard, row) for _, shard, row in rows.get(name, ()))


def cover(names: list[str], by_shard: Mapping[str, Collection[str]], kept: Collection[str], most: int) -> list[str]:
    """Shards that hold every reason, if `most` are enough: for each one not held yet, the first by hash that does.

    What is left of `most` goes to the first by hash.
    """
    ranked = sorted({*by_shard, *kept}, key=order)
    chosen: list[str] = []
    for name in names:
        if not any(name in by_shard.get(shard, ()) for shard in chosen):
            chosen += [shard for shard in ranked if name in by_shard.get(shard, ())][:1]
    return [*chosen, *(shard for shard in ranked if shard not in chosen)][:most]


def _rows(store: Store, ref: Ref, stage: str, *, keep: bool) -> Iterator[tuple[str, Row]]:
    """Rejected rows under their reason, and kept ones where they are asked for: no more of one than could be shown."""
    columns = (*DECIDED, "url") if stage == "extract" else DECIDED
    try:
        frame = store.read(ref, columns).filter(pl.col("doc_id").is_not_null())
    except Infrastructure:  # a lost file closes a gate; the page that says so is built all the same
        return
    frame = frame if keep else frame.filter(~pl.col("keep"))
    ranked = frame.with_columns(_by=pl.Series([order(one) for one in frame["doc_id"]], dtype=pl.Binary)).sort("_by")
    firsts = ranked.group_by("reason", maintain_order=True).head(20).drop("_by")
    yield from ((row["reason"] or KEPT, row) for row in firsts.to_dicts())


def _told(store: Store, stages: Stages, found: list[Example]) -> list[Example]:
    """The examples with address, title and text, read shard by shard."""
    ids: dict[str, set[str]] = {}
    for one in found:
        ids.setdefault(one.shard, set()).add(one.decision["doc_id"])
    told = {shard: texts(store, stages, shard, wanted) for shard, wanted in sorted(ids.items())}
    return [_with_words(one, told[one.shard].get(one.decision["doc_id"], {})) for one in found]


def _with_words(one: Example, row: Row) -> Example:
    return Example(
        one.stage, one.reason, one.shard, one.decision, *words({"url": one.decision.get("url"), **row}, EXCERPT)
    )


def words(row: Row, most: int) -> tuple[str | None, str | None, str | None]:
    """Address, title and text of a row of `texts` as the report may show them: masked, of each at most `most`."""
    url, title, text = (excerpt(row[key], most) if row.get(key) else None for key in ("url", "title", "text"))
    return url, title, text


def texts(store: Store, stages: Stages, shard: str, ids: set[str]) -> dict[str, Row]:
    """doc_id -> url, title and text with every edit that stages have written for it."""
    for table, columns in (("extract/documents", ("doc_id", "url", "title", "text")), ("mix/synthetic", _SYNTHETIC)):
        ref = _ref(stages, table, shard)
        if ref is not None:
            rows = {row["doc_id"]: dict(row) for row in parts.rows_with(store, ref, ids, columns)}
            _apply(store, stages, shard, rows)
            return {**rows}
    return {}


_SYNTHETIC = ("doc_id", "text")


def _apply(store: Store, stages: Stages, shard: str, rows: dict[str, dict[str, Any]]) -> None:
    """Edits of stages that are not stale: those of a stale one were made for another text."""
    spans: dict[str, list[tuple[int, int, str | None]]] = {}
    for stage in STAGES:
        ref = _ref(stages, f"{stage}/edits", shard)
        if ref is not None and not stages[stage].stale:
            for row in parts.rows_with(store, ref, rows, ("doc_id", "start", "end", "replacement")):
                spans.setdefault(row["doc_id"], []).append((row["start"], row["end"], row["replacement"]))
    for doc_id, own in spans.items():
        rows[doc_id]["text"] = edits.apply(rows[doc_id]["text"], own)


def _ref(stages: Stages, table: str, shard: str) -> Ref | None:
    facts = stages[table.split("/")[0]]
    return facts.manifest.of(table).get(shard) if facts.manifest else None
