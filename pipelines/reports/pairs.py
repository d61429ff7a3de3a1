"""The part of the page that shows documents which resemble others by meaning, beside those they resemble.

Whether two such texts say the same is for a reader to judge: a cosine does not know. Bounded: pairs come from as many
shards as examples do, and both documents of a pair lie in these. Reads; decides nothing.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipelines.errors import Infrastructure
from pipelines.reports.chosen import order, texts, words
from pipelines.reports.facts import Facts, Stages
from pipelines.reports.markup import Html, join, prose, table, tag, text
from pipelines.store import Store
from stages.dedup.params import SemanticParams
from stages.params import Params

PAIRS = 8
WORDS = 200  # characters of a text
TABLE = "dedup/semantic"
COLUMNS = ("doc_id", "related_doc_id", "similarity")
Row = Mapping[str, Any]


def semantic(store: Store, stages: Stages, params: Params) -> Html:
    """How many documents resemble a kept one by meaning, and some of them beside it. Nothing where it is off."""
    facts, held = stages["dedup"], params.dedup.semantic
    if not held.enabled or facts.manifest is None or not facts.manifest.of(TABLE):
        return Html("")
    shown = params.report.examples_per_reason and chosen(store, facts, params.report.example_shards)
    cells = _cells(store, stages, shown) if shown else []
    heads = ("Cosine", "A document", "The kept one that it resembles most")
    caption = "Pairs by hash of doc_id, the most similar first; no random sample of all."
    return join((tag("h3", "By meaning"), prose(_how(facts, held)), table(caption, heads, cells, (1, 2))))


def _how(facts: Facts, held: SemanticParams) -> str:
    counted = sum(facts.of(f"hist:{TABLE}.similarity").values())
    left = "left as semantic_duplicate" if held.enabled == "remove" else "are listed and stay"
    return (
        f"{counted:,} documents have a vector whose cosine with that of a kept one of their group is {held.threshold} "
        f"or more; they {left}. Vectors of words know topic and language better than meaning: read pairs before you "
        f"let any leave. Texts are masked as in the examples."
    )


def chosen(store: Store, facts: Facts, most_shards: int) -> list[tuple[str, str, Row]]:
    """(shard, shard of the kept one, pair), at most PAIRS, the first by hash among those within the chosen shards."""
    cells = facts.manifest.of("dedup/cells") if facts.manifest else {}
    shards = sorted(cells, key=order)[:most_shards]
    try:
        home = {name: s for s in shards for name in store.read(cells[s], ["document"])["document"]}
        found = [(s, row) for s in shards for row in _pairs(store, facts, s) if row["related_doc_id"] in home]
    except Infrastructure:  # a lost file closes a gate; the page that says so is built all the same
        return []
    first = sorted(found, key=lambda one: order(one[1]["doc_id"]))[:PAIRS]
    ranked = sorted(first, key=lambda one: (-one[1]["similarity"], one[1]["doc_id"]))
    return [(shard, home[row["related_doc_id"]], row) for shard, row in ranked]


def _pairs(store: Store, facts: Facts, shard: str) -> list[Row]:
    """Some pairs of a shard: no more than could be shown."""
    refs = facts.manifest.shards(TABLE) if facts.manifest else ()
    rows = store.own_rows(refs, shard, COLUMNS, None)
    ranked = rows.with_columns(_by=pl.Series([order(one) for one in rows["doc_id"]], dtype=pl.Binary)).sort("_by")
    return list(ranked.head(PAIRS).drop("_by").to_dicts())


def _cells(store: Store, stages: Stages, found: list[tuple[str, str, Row]]) -> list[tuple[object, ...]]:
    wanted: dict[str, set[str]] = {}
    for shard, home, row in found:
        wanted.setdefault(shard, set()).add(row["doc_id"])
        wanted.setdefault(home, set()).add(row["related_doc_id"])
    told = {shard: texts(store, stages, shard, ids) for shard, ids in sorted(wanted.items())}
    return [
        (row["similarity"], _side(row["doc_id"], told[shard]), _side(row["related_doc_id"], told[home]))
        for shard, home, row in found
    ]


def _side(doc_id: str, told: Mapping[str, Row]) -> Html:
    """A document: title and address, the beginning of its text, and what to ask pipelines.explain for."""
    url, title, seen = words(told.get(doc_id, {}), WORDS)
    where = tag("div", url, "url") if url and title else ""
    quoted = tag("div", text(seen, WORDS + 1)) if seen else ""
    return join((tag("strong", title or url or "a page without title and address"), where, quoted, tag("code", doc_id)))
