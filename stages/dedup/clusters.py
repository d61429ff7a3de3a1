"""Clusters: which survivors of quality are copies of each other, and who of each cluster stays.

Exact duplicates (equal normalised text) come first, then near duplicates: candidates by LSH, verified by exact
similarity, judged in order of priority. Nothing is removed without a kept twin that was compared with it. The search
runs in steps that a caller carries out part by part; `cluster` carries them out in one go, for small sets. Neither
shards nor their order, nor the number of parts and lots, moves any decision.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from stages.dedup import candidates, index
from stages.dedup.index import MARK
from stages.dedup.keys import measure_keys
from stages.dedup.near import audit, judge_lot
from stages.dedup.params import DedupParams, index_params, key_params, set_params, verify_params
from stages.dedup.ranking import ranked
from stages.dedup.sets import measure_sets

LOT_SHINGLES = 4_000_000  # judged at once: 32 MB of sets, as much again while they are read
AUDIT = ("candidate_texts", "pairs_compared", "pairs_verified", "pairs_refuted", "places_refused")

Shards = Mapping[str, pl.DataFrame]


def copies(names: Shards, members: Shards, prefer: tuple[str, ...]) -> pl.DataFrame:
    """dedup/members of one range of contents by shard -> dedup/copies: who has exactly the same text, and who is first.

    `names` has the column content alone. A row per document of a class of at least two, the first included; sorted by
    document.
    """
    rows = candidates.repeated(members, "content", candidates.repeats(part["content"] for part in names.values()))
    if rows is None:
        return pl.DataFrame(schema=_COPIES)
    first = pl.col("document").first().over("content", "exact").alias("head")
    table = ranked(rows, prefer).with_columns(first).filter(pl.len().over("head") > 1)
    return table.select("document", "shard", "old", "head").sort("document")


_COPIES = {"document": pl.String, "shard": pl.String, "old": pl.Boolean, "head": pl.String}


def describe(exact: Iterable[pl.DataFrame], near: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """dedup/copies and dedup/near of all parts -> dedup/clusters: a row per document of a cluster of at least two.

    Sorted by shard, so that a shard's rows are read without the rest. A document whose exact twin was rejected as a
    near duplicate takes over that twin's kept document and similarity, so that related_doc_id is always kept. Documents
    of an earlier release count in a cluster's size and have no row.
    """
    same = pl.concat([pl.DataFrame(schema=_COPIES), *exact])
    found = pl.concat([_NO_NEAR, *near])
    alone = found.join(same, on="document", how="anti", maintain_order="left")
    rows = pl.concat([same, alone.select("document", "shard", "old", head="document")])
    verdict = found.select("component", "twin", "share", head="document")
    rows = rows.join(verdict, on="head", how="left", maintain_order="left")
    rows = rows.with_columns(component=pl.coalesce("component", "head"))
    is_near, is_exact = pl.col("twin").is_not_null(), pl.col("document") != pl.col("head")
    twin = pl.when(is_near).then("twin").when(is_exact).then("head")
    released = pl.when(twin.str.starts_with(MARK)).then(pl.lit("released_")).otherwise(pl.lit(""))
    table = rows.select(
        "old",
        pl.col("document").alias("doc_id"),
        "shard",
        cluster_id=pl.col("document").filter(~pl.col("old")).min().over("component"),
        cluster_size=pl.len().over("component").cast(pl.Int64),
        kind=released + pl.when(is_near).then(pl.lit("near")).when(is_exact).then(pl.lit("exact")),
        related_doc_id=twin.str.strip_prefix(MARK),
        similarity=pl.when(is_near).then("share").when(is_exact).then(pl.lit(1.0)),
    )
    return table.filter(~pl.col("old")).drop("old").sort("shard", "doc_id")


_NO_NEAR = pl.DataFrame(
    schema={
        **dict.fromkeys(("document", "shard"), pl.String),
        "old": pl.Boolean,
        **dict.fromkeys(("component", "twin"), pl.String),
        "share": pl.Float64,
    }
)


def sum_audits(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The sum of dedup/judged over all lots, every figure named even where there is no lot."""
    total = dict.fromkeys(AUDIT, 0)
    for part in parts:
        for metric, count in part.iter_rows():
            total[metric] += count
    return audit(total)


def cluster(tables: Mapping[str, Shards], params: DedupParams, released: Shards) -> dict[str, pl.DataFrame]:
    """dedup/signatures, extract/documents, quality/{decisions,edits,scores} by shard -> dedup/clusters, dedup/audit.

    `released`: files of earlier releases' index, by name. All steps in one go, everything in memory.
    """
    shards = list(tables["dedup/signatures"])
    own = {s: {name: shard_of[s] for name, shard_of in tables.items()} for s in shards}
    keyed = {s: measure_keys(own[s], key_params(params), {}) for s in shards}
    keyed |= {s: index.take_in(rows, index_params(params)) for s, rows in released.items()}
    members, keys = ({s: k[name] for s, k in keyed.items()} for name in ("dedup/members", "dedup/keys"))
    same = copies(members, members, params.prefer)
    lots = candidates.lots([candidates.pairs(keys, keys)], LOT_SHINGLES)
    whole = {s: {**own[s], **keyed[s], "dedup/lots": lots.filter(shard=s)} for s in shards}
    sets = {s: measure_sets(whole[s], set_params(params), {})["dedup/sets"] for s in shards}
    old = {s: index.sets_of(rows, lots.filter(shard=s), index_params(params)) for s, rows in released.items()}
    sets |= {s: found["dedup/sets"] for s, found in old.items()}
    judged = []
    for lot in range(candidates.count(lots)):
        rows = {s: table.filter(lot=lot) for s, table in sets.items()}
        judged.append(judge_lot(rows, rows, verify_params(params), lambda n: np.empty(n, dtype=np.uint64)))
    return {
        "dedup/clusters": describe([same], (one["dedup/near"] for one in judged)),
        "dedup/audit": sum_audits(one["dedup/judged"] for one in judged),
    }
