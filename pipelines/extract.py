"""Stage `extract`: WARC records become documents, and every record a decision.

First a scan of all archives finds which records there are; then each archive is read, looked at and extracted. The
scan is also the independent count that the gate holds the decisions against.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import outputs
from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.errors import BadInput
from pipelines.fetched import opened
from pipelines.files import read_json, read_lines
from pipelines.sandbox import Sandbox
from pipelines.stage import Stage
from pipelines.store import Store
from pipelines.work import Family, Job, Model, Read, Result, parse_receipt
from stages import schemas
from stages.extract.again import is_looser, merged, passed_over, turned_away
from stages.extract.blocking import blocked
from stages.extract.forbidden import FORBIDDEN, Takedowns, forbid
from stages.extract.params import ExtractParams
from stages.extract.scan import scan
from stages.extract.shard import ShardFacts, extract
from stages.strict import Strict

PRUNE_SHARE = 0.1
WRITES = ("extract/look", "extract/provenance", "extract/documents", "extract/decisions")


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
    """One shard's own params: where it came from, and the doc_ids it must reject: as `forbidden` (doc_id -> reason,
    kept twin) or because a list speaks against their url (doc_id -> reason, what the list is called).
    """

    where: Where
    forbidden: dict[str, tuple[str, str | None]]
    blocked: dict[str, tuple[str, str | None]]


def scan_shard(tables: Mapping[str, Any], params: tuple[None, Where], models: Mapping[str, str]) -> Result:
    """Body of `records`: what the archive holds, by a scan of its bytes."""
    with opened(Path(tables["file"]), params[1].file_digest) as stream:
        found = scan(stream, params[1].warc_file, params[1].file_digest)
    return Result({"extract/records": found.records}, [("account", "n_headers", found.n_headers)])


def block_shard(tables: Mapping[str, Any], params: None, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Body of `blocked`: records whose url the lists speak against."""
    from pipelines import url_lists

    return {"extract/blocked": blocked(tables["extract/records"], url_lists.opened(Path(tables["file"])))}


@dataclass(frozen=True)
class Earlier:
    """Where tables of an earlier run may lie. No part of a key: with them a shard comes out the same, but sooner."""

    store: Store
    models: Mapping[str, Model]

    def tables(self, settings: Sample, task: Task) -> dict[str, pl.DataFrame] | None:
        """The shard's tables if nothing but bounds of the look was loosened since they were made."""
        old = parse_receipt(read_json(self.store.receipt("extract", "documents", task.where.shard, "")))
        if old is None or not self._fits(old.basis, settings, task):
            return None
        if any(not self.store.path(out.ref).is_file() for out in old.outputs):
            return None
        if any(self.store.content(out.ref) != out.ref.digest for out in old.outputs):
            return None
        return {out.ref.table: self.store.read(out.ref) for out in old.outputs}

    def _fits(self, basis: Mapping[str, Any], settings: Sample, task: Task) -> bool:
        was = Sample.model_validate(basis["params"])
        bounds = settings.extract.prefilter
        same = was.model_copy(update={"extract": was.extract.model_copy(update={"prefilter": bounds})}) == settings
        job = Job("extract", _family(settings), task.where.shard, {}, extra=task, models=self.models)
        now, file = job.basis(), str(basis["inputs"].get("file", ""))
        alike = all(basis[name] == now[name] for name in ("extra", "recipe", "models"))
        return same and alike and file.startswith(task.where.file_digest) and is_looser(bounds, was.extract.prefilter)


def extract_shard(
    tables: Mapping[str, Any],
    params: tuple[Sample, Task],
    models: Mapping[str, str],
    earlier: Earlier | None = None,
) -> Result:
    """Body of `documents`: read, look, extract; pages go through the sandbox."""
    (settings, task), where = params, params[1].where
    facts = ShardFacts(where.shard, where.source, where.warc_file, where.file_digest)
    old = earlier.tables(settings, task) if earlier else None
    again = turned_away(old["extract/decisions"]) if old else frozenset[str]()
    left = passed_over(old["extract/decisions"], again) if old else {}
    with opened(Path(tables["file"]), where.file_digest) as stream, Sandbox() as read_pages:
        done = extract(
            stream, facts, settings.extract, models, left | task.forbidden, settings.sample, read_pages, task.blocked
        )
    counts = [("account", name, n) for name, n in vars(done.account).items() if name != "n_headers"]
    return Result(merged(old, done.tables, again) if old else done.tables, counts)


def run(ctx: Context, *, dry: bool = False) -> Stage:
    """Scan, forbid, extract."""
    rows = {str(row["shard"]): row for row in read_lines(ctx.store.data("inputs", "warcs.jsonl"))}
    stage = Stage(ctx, "extract", gate=None, dry=dry)
    _guard(ctx, set(rows), dry=dry)
    files = {s: (str(ctx.root / row["path"]), str(row["sha256"])) for s, row in rows.items()}
    where = {s: _where(row) for s, row in rows.items()}
    stage.each(_records(), rows, extra=where, files=files)
    stage.whole(_forbidden(ctx))
    _block(stage, rows)
    forbidden, listed = _by_shard(stage), _listed(stage)
    tasks = {s: Task(where=where[s], forbidden=forbidden.get(s, {}), blocked=listed.get(s, {})) for s in rows}
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


def _block(stage: Stage, shards: Iterable[str]) -> None:
    """Hold each record's url against the lists, if there are any."""
    stage.tables.add("extract/blocked")
    lists = read_lines(stage.ctx.store.data("inputs", "url_lists.jsonl"))
    if not lists:
        return
    table = stage.ctx.run_dir / "url_lists" / lists[0]["table"]
    if not table.is_file():
        raise BadInput(f"{table} is missing: run `python -m pipelines.inputs` first")
    reads = (Read("extract/records", ("doc_id", "url")),)
    writes = {"extract/blocked": schemas.BLOCKED}
    family = Family("blocked", block_shard, reads, writes, code=("stages.extract.blocking",))
    stage.each(family, shards, files=dict.fromkeys(shards, (str(table), table.name)))


def _listed(stage: Stage) -> dict[str, dict[str, tuple[str, str | None]]]:
    """The blocked tables: shard -> doc_id -> reason and, in words, the list (empty where a dry run does not know)."""
    out: dict[str, dict[str, tuple[str, str | None]]] = {}
    for ref in stage.refs.get("extract/blocked", {}).values():
        if stage.ctx.store.path(ref).is_file():
            rows = stage.ctx.store.read(ref).iter_rows()
            out[ref.shard] = {
                doc_id: (reason, f"{name}: {kind}" if name else None) for doc_id, reason, name, kind in rows
            }
    return out


def _documents(ctx: Context) -> Family:
    own = _family(Sample(extract=ctx.params.extract, sample=ctx.params.input.sample))
    return replace(own, body=partial(extract_shard, earlier=Earlier(ctx.store, ctx.models(own.models))))


def _family(settings: Sample) -> Family:
    return Family(
        "documents",
        extract_shard,
        (),
        {t: schemas.TABLES[t] for t in WRITES},
        params=settings,
        models=("language",),
        code=("stages.extract.shard", "stages.extract.engine", "stages.extract.again"),
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
