"""Stage `dispositions`: data/reports/dispositions, one row per record and synthetic row, with where its way ended.

It runs after mix's gate and before the report, with a receipt per shard as any stage: one more shard of the crawl
writes one more shard of dispositions. Its ledger is the sum of all ways. At the end it brings the index of
`pipelines.explain` up to date.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipelines import locator
from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.files import read_lines
from pipelines.outputs import STAGES
from pipelines.stage import Stage
from pipelines.work import Family, Read, Result
from stages import dispositions, schemas
from stages.census import Count
from stages.dispositions import Origin

TABLE = "reports/dispositions"
VERDICT = ("doc_id", "keep", "reason", "related_doc_id")
PLACE = ("url", "record_type", "warc_file", "warc_offset")
Params = tuple[None, Origin]


def follow_crawl(tables: Mapping[str, pl.DataFrame], params: Params, models: Mapping[str, str]) -> Result:
    """Body of `crawl`: the dispositions of a shard of the crawl."""
    frame = dispositions.of_crawl(tables, params[1])
    return Result({TABLE: frame}, list(count(frame)))


def follow_synthetic(tables: Mapping[str, pl.DataFrame], params: Params, models: Mapping[str, str]) -> Result:
    """Body of `synthetic`: the dispositions of a synthetic shard."""
    frame = dispositions.of_synthetic(tables, params[1])
    return Result({TABLE: frame}, list(count(frame)))


def count(frame: pl.DataFrame) -> Iterator[Count]:
    """The census of a shard's dispositions; reasons are named `<stage>: <reason>`."""
    tokens = pl.col("n_tokens").fill_null(0).sum()
    sides = {"in": frame, "kept": frame.filter("released"), "rejected": frame.filter(~pl.col("released"))}
    for side, rows in sides.items():
        yield "rows", side, rows.height
        yield "tokens", side, int(rows.select(tokens).item())
    grouped = sides["rejected"].group_by("stage", "reason", maintain_order=True).agg(n=pl.len(), tokens=tokens)
    for stage, reason, n, lost in grouped.sort("stage", "reason").iter_rows():
        yield "reason", f"{stage}: {reason}", int(n)
        yield "reason_tokens", f"{stage}: {reason}", int(lost)


def run(ctx: Context, *, dry: bool = False) -> Stage:
    """Follow every shard, then refresh the index."""
    stage = Stage(ctx, "reports", gate="mix", reads=STAGES, dry=dry)
    seed = ctx.params.mix.seed
    rows = read_lines(ctx.store.data("inputs", "warcs.jsonl"))
    origins = {str(row["shard"]): Origin(source=row["source"], seed=seed) for row in rows}
    crawl = [shard for shard in stage.shards("extract/decisions") if shard in origins]
    made = stage.shards("mix/synthetic")
    stage.each(_crawl(), crawl, extra=origins)
    stage.each(_synthetic(), made, extra={s: Origin(source="", seed=seed) for s in made})
    stage.finish()
    if not dry:
        locator.refresh(ctx.store, ctx.run_dir)
    return stage


def _crawl() -> Family:
    later = (Read(f"{stage}/decisions", VERDICT) for stage in dispositions.LATER)
    reads = (
        Read("extract/decisions", (*VERDICT, *PLACE)),
        Read("extract/documents", ("doc_id", "language", "n_tokens")),
        Read("extract/look", ("doc_id", "language")),
        *later,
        Read("mix/sizes", ("doc_id", "source", "n_tokens")),
        Read("mix/plan", ("source", "rate")),
    )
    return _family("crawl", follow_crawl, reads)


def _synthetic() -> Family:
    reads = (
        Read("mix/synthetic", ("doc_id",)),
        Read("mix/decisions", VERDICT),
        Read("mix/sizes", ("doc_id", "source", "n_tokens")),
        Read("mix/plan", ("source", "rate")),
    )
    return _family("synthetic", follow_synthetic, reads)


def _family(name: str, body: Any, reads: tuple[Read, ...]) -> Family:
    return Family(
        f"dispositions/{name}",
        body,
        reads,
        {TABLE: schemas.DISPOSITIONS},
        code=("stages.dispositions",),
    )


def main() -> int:
    """Run the stage."""
    return stage_main("dispositions", run)


if __name__ == "__main__":
    sys.exit(main())
