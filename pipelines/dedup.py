"""Stage `dedup`: signatures of every document, clusters of quality's survivors, who of each cluster stays, and edits.

The search over all shards runs in tasks that each see a part: `candidates` a range of keys, `near` a lot of contents.
"""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import polars as pl

from pipelines import components, released, repeated_paragraphs, semantic
from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.outputs import WHOLE
from pipelines.ranges import Between, cut, space
from pipelines.stage import Stage
from pipelines.work import Family, Read, Result
from stages import schemas
from stages.census import pick
from stages.dedup import candidates, clusters, stars
from stages.dedup.decide import decide, losses
from stages.dedup.keys import measure_keys
from stages.dedup.near import judge_lot
from stages.dedup.params import (
    DecideParams,
    SignatureParams,
    VerifyParams,
    decide_params,
    key_params,
    set_params,
    verify_params,
)
from stages.dedup.sets import COLUMNS, measure_sets
from stages.dedup.signatures import measure_signatures

PART_KEYS = 8_000_000  # rows of dedup/keys per task of `candidates`: some 100 MB, and 60 bytes for each shared one
PART_MEMBERS = 4_000_000  # of dedup/members per task of `copies`: some 70 MB, and 200 bytes for each copy
KEPT = Read("quality/decisions", ("doc_id", "keep"))
SIGNATURES = Read("dedup/signatures")
MINHASH = Read("dedup/signatures", ("doc_id", "minhash"))
VERDICTS = Read("dedup/clusters", ("doc_id", "kind", "related_doc_id", "similarity"), own=True, present="kind")
LOTS = Read("dedup/lots", ("content", "lot"), own=True)
SCORES = Read("quality/scores")
FACTS = Read("extract/documents", ("doc_id", "language", "source", "host", "n_tokens"))
RANKED = ("doc_id", "date", "n_chars", "source", "host")
Tables = Mapping[str, Any]
Frames = dict[str, pl.DataFrame]
Part = tuple[int, int]  # which one of how many


def find_copies(tables: Tables, params: tuple[tuple[str, ...], Part], models: Mapping[str, str]) -> Frames:
    """Body of `copies`: exact copies in a range of contents."""
    prefer, part = params
    names = Between(tables["dedup/members"], "content", *cut(*part), ("content",))
    rows = Between(tables["dedup/members"], "content", *cut(*part))
    return {"dedup/copies": clusters.copies(names, rows, prefer)}


def find_candidates(tables: Tables, params: tuple[None, Part], models: Mapping[str, str]) -> Frames:
    """Body of `candidates`: who shares a bucket in a range of keys."""
    bounds = cut(*params[1])
    keys = Between(tables["dedup/keys"], "key", *bounds, ("key",))
    return {"dedup/candidates": candidates.pairs(keys, Between(tables["dedup/keys"], "key", *bounds))}


def cut_lots(tables: Tables, params: tuple[int, int], models: Mapping[str, str]) -> Result:
    """Body of `lots`: components of candidates, packed into lots; how many there are goes into the census."""
    budget, turns = params
    ends = components.of_round(tables["dedup/stars"], turns) if turns else None
    lots = candidates.lots(tables["dedup/candidates"].values(), budget, stars.labels(ends) if ends else None)
    return Result({"dedup/lots": lots}, [("lots", "count", candidates.count(lots))])


def judge_near(tables: Tables, params: tuple[VerifyParams, int], models: Mapping[str, str]) -> Frames:
    """Body of `near`: one lot. What is larger than a lot's budget, one large component, is mapped from a file."""
    policy, lot = params
    narrow = Between(tables["dedup/sets"], "lot", lot, lot + 1, [c for c in COLUMNS if c != "shingles"])
    wide = Between(tables["dedup/sets"], "lot", lot, lot + 1, ("shingles",))
    with ExitStack() as held:
        return judge_lot(narrow, wide, policy, lambda n: held.enter_context(space(n, clusters.LOT_SHINGLES)))


def describe(tables: Tables, params: None, models: Mapping[str, str]) -> Frames:
    """Body of `clusters`: what all parts and lots found."""
    return {
        "dedup/clusters": clusters.describe(tables["dedup/copies"].values(), tables["dedup/near"].values()),
        "dedup/audit": clusters.sum_audits(tables["dedup/judged"].values()),
    }


def decide_shard(tables: Tables, params: DecideParams, models: Mapping[str, str]) -> Result:
    """Body of `decisions`, with the losses of every source for the gate."""
    frames = decide(tables, params, models)
    return Result(frames, losses(frames["dedup/decisions"], tables["extract/documents"]))


def run(ctx: Context, *, dry: bool = False) -> Stage:
    """Sign, find candidates, judge them, describe the clusters, decide, find what the kept ones repeat."""
    stage = Stage(ctx, "dedup", gate="quality", reads=("extract", "quality"), dry=dry)
    shards = stage.shards("extract/documents")
    indexed = released.beside(ctx, shards)
    stage.each(_signatures(ctx), shards)
    stage.each(_keys(ctx), shards)
    released.keys(ctx, stage, indexed)
    rows = _rows(stage)
    some, many = parts(rows, PART_MEMBERS), parts(rows * ctx.params.dedup.bands, PART_KEYS)
    stage.each(_copies(ctx), some, extra=some)
    stage.each(_candidates(), many, extra=many)
    stage.whole(_lots(), extra=components.settle(stage))
    stage.each(_sets(ctx), shards)
    released.sets(ctx, stage, indexed)
    lots = {f"lot-{k:05d}": k for k in range(_count(stage))}
    stage.each(_near(ctx), lots, extra=lots)
    stage.whole(_clusters())
    semantic.find(ctx, stage, shards)
    stage.each(_decisions(ctx), shards)
    repeated_paragraphs.find(ctx, stage, shards, many)
    stage.finish()
    return stage


def _rows(stage: Stage) -> int:
    """Documents that may take part: those of extract, and those of an index."""
    documents, members = (stage.refs.get(name, {}) for name in ("extract/documents", "dedup/members"))
    return sum(ref.rows for ref in documents.values()) + sum(
        ref.rows for shard, ref in members.items() if shard not in documents
    )


def parts(rows: int, most: int) -> dict[str, Part]:
    """The parts of a search: a power of two, so that a few documents more seldom change how many there are."""
    count = 1
    while count * most < rows:
        count *= 2
    return {f"part-{k:05d}": (k, count) for k in range(count)}


def _count(stage: Stage) -> int:
    """How many lots there are; one where a dry run cannot know."""
    unknown = stage.dry and any(todo.family == "lots" for todo in stage.todo)
    return 1 if unknown else pick(stage.counts.get(WHOLE, []), "lots").get("count", 0)


def _signatures(ctx: Context) -> Family:
    p = ctx.params.dedup
    return Family(
        "signatures",
        measure_signatures,
        (Read("extract/documents", ("doc_id", "text")), Read("quality/edits")),
        {"dedup/signatures": schemas.SIGNATURES},
        params=SignatureParams(bands=p.bands, rows=p.rows, shingle=p.shingle, seed=p.seed),
    )


def _keys(ctx: Context) -> Family:
    writes = {"dedup/members": schemas.DEDUP_MEMBERS, "dedup/keys": schemas.DEDUP_KEYS}
    reads = (SIGNATURES, Read("extract/documents", RANKED), KEPT, SCORES)
    return Family("keys", measure_keys, reads, writes, params=key_params(ctx.params.dedup))


def _copies(ctx: Context) -> Family:
    reads, writes = (Read("dedup/members", whole=True),), {"dedup/copies": schemas.DEDUP_COPIES}
    return Family("copies", find_copies, reads, writes, params=ctx.params.dedup.prefer, code=("stages.dedup.clusters",))


def _candidates() -> Family:
    reads, writes = (Read("dedup/keys", whole=True),), {"dedup/candidates": schemas.DEDUP_CANDIDATES}
    return Family("candidates", find_candidates, reads, writes, code=("stages.dedup.candidates",))


def _lots() -> Family:
    return Family(
        "lots",
        cut_lots,
        (Read("dedup/candidates", whole=True), Read("dedup/stars", whole=True)),
        {"dedup/lots": schemas.DEDUP_LOTS},
        params=clusters.LOT_SHINGLES,
        code=("stages.dedup.candidates", "stages.dedup.stars"),
    )


def _sets(ctx: Context) -> Family:
    documents = Read("extract/documents", ("doc_id", "source", "text"))
    reads = (Read("dedup/members"), MINHASH, documents, Read("quality/edits"), LOTS)
    return Family("sets", measure_sets, reads, {"dedup/sets": schemas.DEDUP_SETS}, params=set_params(ctx.params.dedup))


def _near(ctx: Context) -> Family:
    return Family(
        "near",
        judge_near,
        (Read("dedup/sets", whole=True),),
        {"dedup/near": schemas.DEDUP_NEAR, "dedup/judged": schemas.DEDUP_AUDIT},
        params=verify_params(ctx.params.dedup),
        code=("stages.dedup.near",),
    )


def _clusters() -> Family:
    return Family(
        "clusters",
        describe,
        tuple(Read(f"dedup/{name}", whole=True) for name in ("copies", "near", "judged")),
        {"dedup/clusters": schemas.CLUSTERS, "dedup/audit": schemas.DEDUP_AUDIT},
        code=("stages.dedup.clusters",),
    )


def _decisions(ctx: Context) -> Family:
    params = decide_params(ctx.params.dedup)
    return Family(
        "decisions",
        decide_shard,
        (FACTS, KEPT, VERDICTS, *([] if params.semantic is None else [semantic.FOUND])),
        {"dedup/decisions": schemas.DECISIONS},
        params=params,
        facts="extract/documents",
        code=("stages.dedup.decide",),
    )


def main() -> int:
    """Run the stage."""
    return stage_main("dedup", run)


if __name__ == "__main__":
    sys.exit(main())
