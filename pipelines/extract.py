"""Stage `extract`: WARC records become documents, and every record a decision.

First a scan of all archives finds which records there are; then each archive is read, looked at and extracted. The
scan is also the independent count that the gate holds the decisions against.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import outputs
from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.errors import BadInput
from pipelines.files import read_lines
from pipelines.sandbox import Sandbox
from pipelines.stage import Stage
from pipelines.work import Family, Read, Result
from stages import schemas
from stages.extract.forbidden import FORBIDDEN, Takedowns, forbid
from stages.extract.params import ExtractParams
from stages.extract.scan import scan
from stages.extract.shard import ShardFacts, extract
from stages.strict import Strict

PRUNE_SHARE = 0.1


class Where(Strict):
    """What a shard is called and where it came from."""

    shard: str
    source: str
    warc_file: str
    file_digest: str


class Sample(Strict):
    """The params of extraction, with the share of records to read."""

    extract: ExtractParams
    sample: float


class Task(Strict):
    """One shard's own params: where it came from, and the doc_ids it must reject (doc_id -> reason, kept twin)."""

    where: Where
    forbidden: dict[str, tuple[str, str | None]]


def scan_shard(tables: Mapping[str, Any], params: tuple[None, Where], models: Mapping[str, str]) -> Result:
    """Body of `records`: what the archive holds, by a scan of its bytes."""
    with Path(tables["file"]).open("rb") as stream:
        found = scan(stream, params[1].warc_file, params[1].file_digest)
    return Result({"extract/records": found.records}, [("account", "n_headers", found.n_headers)])


def extract_shard(tables: Mapping[str, Any], params: tuple[Sample, Task], models: Mapping[str, str]) -> Result:
    """Body of `documents`: read, look, extract; pages go through the sandbox."""
    (settings, task), where = params, params[1].where
    facts = ShardFacts(where.shard, where.source, where.warc_file, where.file_digest)
    with Path(tables["file"]).open("rb") as stream, Sandbox() as read_pages:
        done = extract(stream, facts, settings.extract, models, task.forbidden, settings.sample, read_pages)
    return Result(done.tables, [("account", name, n) for name, n in vars(done.account).items() if name != "n_headers"])


def run(ctx: Context, *, dry: bool = False) -> Stage:
    """Scan, forbid, extract."""
    rows = {str(row["shard"]): row for row in read_lines(ctx.store.data("inputs", "warcs.jsonl"))}
    stage = Stage(ctx, "extract", gate=None, dry=dry)
    _guard(ctx, set(rows), dry=dry)
    files = {s: (str(ctx.root / row["path"]), str(row["sha256"])) for s, row in rows.items()}
    where = {s: _where(row) for s, row in rows.items()}
    stage.each(_records(), rows, extra=where, files=files)
    stage.whole(_forbidden(ctx))
    forbidden = _by_shard(stage)
    tasks = {s: Task(where=where[s], forbidden=forbidden.get(s, {})) for s in rows}
    stage.each(_documents(ctx), rows, extra=tasks, files=files)
    stage.finish()
    return stage


def _records() -> Family:
    return Family("records", scan_shard, (), {"extract/records": schemas.RECORDS}, code=("stages.extract.scan",))


def _forbidden(ctx: Context) -> Family:
    return Family(
        "forbidden",
        forbid,
        (Read("extract/records", ("doc_id", "url", "host"), whole=True),),
        {"extract/forbidden": FORBIDDEN},
        params=Takedowns(takedowns=ctx.params.input.takedowns),
    )


def _documents(ctx: Context) -> Family:
    return Family(
        "documents",
        extract_shard,
        (),
        {t: schemas.TABLES[t] for t in ("extract/look", "extract/documents", "extract/decisions")},
        params=Sample(extract=ctx.params.extract, sample=ctx.params.input.sample),
        models=("language",),
        code=("stages.extract.shard", "stages.extract.engine"),
    )


def _where(row: Mapping[str, Any]) -> Where:
    return Where(
        shard=row["shard"], source=row["source"], warc_file=Path(row["path"]).name, file_digest=str(row["sha256"])[:32]
    )


def _by_shard(stage: Stage) -> dict[str, dict[str, tuple[str, str | None]]]:
    """The forbidden table, cut by shard (empty where a dry run does not know it), and limits that a machine met."""
    out: dict[str, dict[str, tuple[str, str | None]]] = {}
    for row in read_lines(stage.ctx.store.data("inputs", "machine_limits.jsonl")):
        out.setdefault(row["shard"], {})[row["doc_id"]] = (row["reason"], None)
    for ref in stage.refs.get("extract/forbidden", {}).values():
        if stage.ctx.store.path(ref).is_file():
            for shard, doc_id, reason, related in stage.ctx.store.read(ref).sort(pl.all()).iter_rows():
                out.setdefault(shard, {})[doc_id] = (reason, related)
    return out


def _guard(ctx: Context, shards: set[str], *, dry: bool) -> None:
    """A typo in a glob must not delete data."""
    before = outputs.manifest(ctx.store, "extract")
    known = {r.shard for r in before.shards("extract/records")} if before else set()
    known |= set() if ctx.store.named_by_digest else set(ctx.store.shards_of("extract/records"))
    gone = sorted(known - shards)
    if gone and len(gone) > PRUNE_SHARE * len(known) and not ctx.prune and not dry:
        raise BadInput(
            f"input.warcs: {len(gone)} of {len(known)} shards would disappear ({', '.join(gone[:5])}"
            f"{', …' if len(gone) > 5 else ''}); if that is meant, run `python -m pipelines.run --prune`"
        )


def main() -> int:
    """Run the stage."""
    return stage_main("extract", run)


if __name__ == "__main__":
    sys.exit(main())
