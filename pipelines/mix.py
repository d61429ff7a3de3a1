"""Stage `mix`: synthetic sources beside the crawl, sampled to weights, checked for collapse, written as the release."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import collapse_checks, released
from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.errors import BadInput
from pipelines.fetched import held
from pipelines.files import read_lines
from pipelines.stage import Stage
from pipelines.store import read_rows
from pipelines.work import Family, Read
from stages import schemas
from stages.mix import counts, release, sampling, sizes, synthetic
from stages.mix.decide import decide
from stages.mix.params import DecideParams, PlanParams, ReleaseParams, SizeParams, SourceParams

EDITS = tuple(Read(name) for name in sizes.EDITS)
KEPT = Read("toxicity/decisions", ("doc_id", "keep"))
PARENTS = ("extract", "quality", "dedup", "toxicity")


def read_synthetic(
    tables: Mapping[str, Any], params: tuple[None, SourceParams], models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Body of `synthetic`: one file of a synthetic source, brought to one form."""
    return synthetic.read_source({"mix/raw": read_rows(held(Path(tables["file"])))}, params[1], models)


def plan_mixture(
    tables: Mapping[str, Mapping[str, pl.DataFrame]], params: PlanParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Body of `plan`. Raises BadInput where no mixture can meet mix.weights."""
    try:
        return sampling.plan(tables, params, models)
    except sampling.BadWeights as error:
        raise BadInput(str(error)) from error


def decide_shard(
    tables: Mapping[str, pl.DataFrame], params: tuple[None, DecideParams], models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Body of `decisions`: a shard's own params are its name and the seed."""
    return decide(tables, params[1], models)


def assemble_part(
    tables: Mapping[str, Mapping[str, pl.DataFrame]], params: tuple[None, ReleaseParams], models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Body of `documents`: one release shard."""
    return release.assemble(tables, params[1], models)


def run(ctx: Context, *, dry: bool = False) -> Stage:
    """Read synthetic sources, size every candidate, plan, decide, check for collapse, assemble."""
    stage = Stage(ctx, "mix", gate="toxicity", reads=PARENTS, dry=dry)
    crawl = stage.shards("extract/documents")
    made = _read_sources(ctx, stage, crawl)
    stage.each(_sizes_of_crawl(ctx), crawl)
    stage.each(_sizes_of_synthetic(ctx), made)
    stage.whole(_plan(ctx))
    shards = [*crawl, *made]
    seed = ctx.params.mix.seed
    stage.each(_decisions(), shards, extra={s: DecideParams(shard=s, seed=seed) for s in shards})
    parts = {f"part-{k:05d}": k for k in range(ctx.params.mix.shards)}
    stage.each(_documents(), parts, extra={s: _part(ctx, k) for s, k in parts.items()})
    stage.each(_counts(), parts)
    released.write(ctx, stage, crawl)
    collapse_checks.run(ctx, stage, parts)
    stage.finish()
    return stage


def _read_sources(ctx: Context, stage: Stage, crawl: list[str]) -> list[str]:
    """Read every synthetic file; returns their shards."""
    rows = {str(row["shard"]): row for row in read_lines(ctx.store.data("inputs", "synthetic.jsonl"))}
    clash = sorted(set(rows) & set(crawl))
    if clash:
        raise BadInput(f"mix.synthetic: shard {clash[0]!r} is also a shard of the crawl; rename the file")
    files = {s: (str(ctx.root / row["path"]), str(row["sha256"])) for s, row in rows.items()}
    named = {s: SourceParams(source=row["source"]) for s, row in rows.items()}
    family = Family(
        "synthetic", read_synthetic, (), {"mix/synthetic": schemas.SYNTHETIC}, code=("stages.mix.synthetic",)
    )
    stage.each(family, rows, extra=named, files=files)
    return sorted(rows)


def _sizes_of_crawl(ctx: Context) -> Family:
    columns = ("doc_id", "url", "host", "source", "text", "n_tokens")
    return Family(
        "sizes/crawl",
        sizes.measure_crawl,
        (Read("extract/documents", columns), *EDITS, KEPT),
        {"mix/sizes": schemas.SIZES},
        params=SizeParams(takedowns=ctx.params.input.takedowns),
    )


def _sizes_of_synthetic(ctx: Context) -> Family:
    return Family(
        "sizes/synthetic",
        sizes.measure_synthetic,
        (Read("mix/synthetic"),),
        {"mix/sizes": schemas.SIZES},
        params=SizeParams(takedowns=ctx.params.input.takedowns),
    )


def _plan(ctx: Context) -> Family:
    return Family(
        "plan",
        plan_mixture,
        (Read("mix/sizes", whole=True),),
        {"mix/plan": schemas.PLAN, "mix/repeats": schemas.REPEATS},
        params=PlanParams(weights=ctx.params.mix.weights, max_copies=ctx.params.mix.max_copies),
        code=("stages.mix.sampling",),
    )


def _decisions() -> Family:
    return Family(
        "decisions",
        decide_shard,
        (Read("mix/sizes"), Read("mix/plan"), Read("mix/repeats")),
        {"mix/decisions": schemas.DECISIONS},
        facts="mix/sizes",
        code=("stages.mix.decide",),
    )


def _part(ctx: Context, number: int) -> ReleaseParams:
    return ReleaseParams(release=number, shards=ctx.params.mix.shards, seed=ctx.params.mix.seed)


def _documents() -> Family:
    columns = ("doc_id", "url", "host", "source", "text", "title", "language", "date", "n_tokens")
    stated = Read("extract/provenance", ("doc_id", *release.STATED), whole=True)
    whole = ("mix/decisions", "mix/sizes", "mix/plan", "mix/synthetic", "dedup/clusters", *sizes.EDITS)
    return Family(
        "documents",
        assemble_part,
        (Read("extract/documents", columns, whole=True), stated, *(Read(name, whole=True) for name in whole)),
        {"mix/documents": schemas.MIXTURE},
        code=("stages.mix.release",),
    )


def _counts() -> Family:
    return Family("counts", counts.count, (Read("mix/documents"),), {"mix/shares": schemas.SHARES})


def main() -> int:
    """Run the stage."""
    return stage_main("mix", run)


if __name__ == "__main__":
    sys.exit(main())
