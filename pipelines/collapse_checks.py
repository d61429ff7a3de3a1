"""The collapse checks of `mix`: windows of every release shard, a judgement per synthetic source, one verdict.

Sources that are too small, or declare no reference, cost nothing: of them the verdict knows without looking.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.context import Context
from pipelines.errors import BadInput
from pipelines.fetched import held
from pipelines.files import read_lines, write_json
from pipelines.stage import UNKNOWN, Stage
from pipelines.store import read_rows
from pipelines.work import Family, Read
from stages import schemas
from stages.mix import collapse, declared
from stages.mix.params import AssessParams, Reference, WindowParams
from stages.mix.source import judge_source

WRITES = {"mix/windows": schemas.WINDOWS}
DECLARED = Read("mix/declared")


def sample_reference(
    tables: Mapping[str, Any], params: tuple[int, str], models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Body of `windows/files`: windows of a file of real text. Raises BadInput where it holds no column `text`."""
    size, source = params
    rows = read_rows(held(Path(tables["file"])))
    if "text" not in rows.columns:
        raise BadInput(f"mix.synthetic.{source}.reference.files: {tables['file']} has no column `text`")
    return declared.sample_file(rows, source, size, models["language"])


def run(ctx: Context, stage: Stage, parts: Iterable[str]) -> None:
    """Look at the sources that can be judged, and write data/mix/collapse.json."""
    judged = _judged(ctx, stage)
    stage.each(_declared(), ())  # a table of no shards is a table: DVC wants every out to exist
    if judged:
        stage.whole(_declared())
    stage.each(_windows(ctx, judged), parts if judged else ())
    _reference_files(ctx, stage, judged)
    shares = stage.tables_of("mix/shares") if _known(stage) else {}
    own = {n: AssessParams(source=n, **_shares(shares, n)) for n in judged}
    stage.each(_assessments(ctx), judged, extra=own)
    if not stage.dry and not stage.failed:
        names = ("mix/shares", "mix/ngrams", "mix/sizes", "mix/assessments")
        tables = {name: stage.tables_of(name) for name in names}
        waivers = read_lines(ctx.store.data("inputs", "waivers.jsonl"))
        write_json(ctx.store.data("mix", "collapse.json"), collapse.judge(tables, ctx.params.mix, waivers))


def _judged(ctx: Context, stage: Stage) -> tuple[str, ...]:
    """The sources to look at; all that could be where a dry run cannot know their size."""
    if stage.failed:
        return ()
    if not _known(stage):
        return tuple(collapse.declaring(ctx.params.mix))
    return collapse.to_judge(stage.tables_of("mix/shares"), ctx.params.mix)


def _known(stage: Stage) -> bool:
    """Whether the shares are there to be read; a dry run before the mixture is made does without."""
    return not stage.failed and all(ref.digest != UNKNOWN for ref in stage.refs.get("mix/shares", {}).values())


def _shares(shares: Mapping[str, pl.DataFrame], source: str) -> dict[str, float]:
    share, real = collapse.share_of(shares, source) if shares else (0.0, 0.0)
    return {"share": round(share, 6), "real_share": round(real, 6)}


def _declared() -> Family:
    reads = (Read("mix/synthetic", ("source", "reference", "decoding"), whole=True),)
    return Family("declared", declared.declare, reads, {"mix/declared": schemas.DECLARED})


def _windows(ctx: Context, judged: tuple[str, ...]) -> Family:
    every = collapse.declaring(ctx.params.mix)
    columns = ("doc_id", "copy", "url", "host", "source", "text", "language", "provenance")
    return Family(
        "windows",
        declared.sample,
        (Read("mix/documents", columns), DECLARED),
        WRITES | {"mix/ngrams": schemas.NGRAMS},
        params=WindowParams(reservoir=ctx.params.mix.collapse.reservoir, references={n: every[n] for n in judged}),
        models=("language",),
    )


def _reference_files(ctx: Context, stage: Stage, judged: tuple[str, ...]) -> None:
    every = collapse.declaring(ctx.params.mix)
    wanted = {n for n in judged if isinstance(spec := every[n], Reference) and spec.files}
    rows = {
        str(r["shard"]): r for r in read_lines(ctx.store.data("inputs", "references.jsonl")) if r["source"] in wanted
    }
    files = {s: (str(ctx.root / r["path"]), str(r["sha256"])) for s, r in rows.items()}
    size = ctx.params.mix.collapse.reservoir
    family = Family(
        "windows/files", sample_reference, (), WRITES, params=size, models=("language",), code=("stages.mix.declared",)
    )
    stage.each(family, rows, extra={s: str(r["source"]) for s, r in rows.items()}, files=files)


def _assessments(ctx: Context) -> Family:
    return Family(
        "assessments",
        judge_source,
        (Read("mix/windows", whole=True), DECLARED),
        {"mix/assessments": schemas.ASSESSMENTS},
        params=ctx.params.mix.collapse,
    )
