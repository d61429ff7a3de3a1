"""A family (one measure or decision of a stage) cut into jobs, one per shard, each with a receipt.

A receipt counts only if its key is the job's key (same inputs, params, recipe, models) and the outputs it lists are on
disk. Knows nothing of Ray: `execute` is the pure call that the runner carries to a worker.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from pipelines.errors import BadInput
from pipelines.files import file_size, read_json, write_json
from pipelines.recipe import recipe
from pipelines.stat import StatCache
from pipelines.store import Output, Ref, Store
from stages import census
from stages.census import Count

Frames = Mapping[str, pl.DataFrame]


class Result(NamedTuple):
    """What a body may return instead of plain tables: counts of its own beside them."""

    tables: Frames
    counts: Sequence[Count]


Body = Callable[[Any, Any, Mapping[str, str]], Frames | Result]


@dataclass(frozen=True)
class Read:
    """A table that a family reads: of its own shard, or of all shards (`whole`: a lazy mapping shard -> frame).

    `own`: of a table of all shards, the rows that name its own in the column `shard`, by which the table is sorted; if
    `present` is a column, those where that is not null. A job depends on these rows alone.
    """

    table: str
    columns: tuple[str, ...] | None = None
    whole: bool = False
    own: bool = False
    present: str | None = None


@dataclass(frozen=True)
class Family:
    """One measure or decision: what it reads, the body it calls, what it writes, and what else it depends on."""

    name: str
    body: Body
    reads: tuple[Read, ...]
    writes: Mapping[str, pa.Schema]
    params: Any = None  # a frozen params type, or None
    models: tuple[str, ...] = ()
    facts: str | None = None  # the read table with n_tokens, language and host, for the census of decisions
    code: tuple[str, ...] = ()  # modules of stages/ whose closure is the recipe; default: the body's own


@dataclass(frozen=True)
class Model:
    """A model file and its sha256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Job:
    """One family on one shard: everything a worker needs."""

    stage: str
    family: Family
    shard: str
    refs: Mapping[str, tuple[Ref, ...]]
    files: Mapping[str, str] = field(default_factory=dict)  # name -> absolute path, handed to the body among the tables
    digests: Mapping[str, str] = field(default_factory=dict)  # of the files, and of own rows of tables of all shards
    extra: Any = None  # per-shard params beside the family's, part of the key by digest
    models: Mapping[str, Model] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """Digest of all that the outputs depend on."""
        return hashlib.sha256(json.dumps(self.basis(), sort_keys=True).encode()).hexdigest()

    def basis(self) -> dict[str, Any]:
        """What goes into the key, readable: `plan` compares two of these."""
        return {
            "inputs": {name: _digests(refs) for name, refs in self.refs.items()} | dict(self.digests),
            "params": _plain(self.family.params),
            "extra": _short(self.extra),
            "recipe": recipe((*(self.family.code or (self.family.body.__module__,)), "stages.census")),
            "models": {name: m.sha256 for name, m in self.models.items()},
        }


def input_bytes(job: Job) -> int:
    """What a job is given: Arrow values of the tables it reads (0 for one not made yet), and the size of its files.

    A copy of a remote file that is not held at the moment counts nothing.
    """
    tables = sum(ref.n_bytes for refs in job.refs.values() for ref in refs)
    return tables + sum(file_size(Path(file)) for file in job.files.values())


@dataclass(frozen=True)
class Receipt:
    """What one shard's tables were made from, and what they are."""

    key: str
    basis: Mapping[str, Any]
    outputs: tuple[Output, ...]
    counts: tuple[Count, ...]


def _digests(refs: tuple[Ref, ...]) -> str:
    if len(refs) == 1:
        return refs[0].digest
    return hashlib.sha256("\n".join(f"{r.shard} {r.digest}" for r in refs).encode()).hexdigest()[:32]


def _plain(params: Any) -> Any:
    return params.model_dump(mode="json") if hasattr(params, "model_dump") else params


def _short(extra: Any) -> Any:
    """Long extras (lists of doc_ids) go into the receipt as a digest."""
    text = json.dumps(_plain(extra), sort_keys=True)
    return json.loads(text) if len(text) < 500 else hashlib.sha256(text.encode()).hexdigest()


def execute(job: Job, store: Store) -> Receipt:
    """Read the inputs, call the body, commit its tables, then the receipt. What is raised is the body's own error."""
    tables = {read.table: _load(store, read, job.refs[read.table], job.shard) for read in job.family.reads}
    params = job.family.params if job.extra is None else (job.family.params, job.extra)
    out = job.family.body({**tables, **job.files}, params, {name: m.path for name, m in job.models.items()})
    frames, own = out if isinstance(out, Result) else (out, ())
    outputs = tuple(store.write(t, job.shard, frames[t], schema) for t, schema in job.family.writes.items())
    counts = tuple(census.add([own, *_census(job.family, frames, tables)]))
    receipt = Receipt(job.key, job.basis(), outputs, counts)
    write_json(_path(store, job), asdict(receipt))
    return receipt


def _census(family: Family, frames: Frames, tables: Mapping[str, Any]) -> Iterator[list[Count]]:
    for table in family.writes:
        if table.endswith("/decisions"):
            facts = tables[family.facts] if family.facts else frames.get(f"{table.split('/')[0]}/documents")
            yield census.of_decisions(frames[table], facts if facts is not None else frames[table])
        yield census.of_table(table, frames[table])


def _load(store: Store, read: Read, refs: tuple[Ref, ...], shard: str) -> Any:
    if read.own:
        return store.own_rows(refs, shard, read.columns or (), read.present)
    if read.whole:
        return Shards(store, refs, read.columns)
    return store.read(refs[0], read.columns)


class Shards(Mapping[str, pl.DataFrame]):
    """All shards of a table, read one by one as they are asked for, in sorted order."""

    def __init__(self, store: Store, refs: tuple[Ref, ...], columns: tuple[str, ...] | None) -> None:
        self.store, self.columns = store, columns
        self.refs = {ref.shard: ref for ref in sorted(refs, key=lambda r: r.shard)}

    def __getitem__(self, shard: str) -> pl.DataFrame:
        return self.store.read(self.refs[shard], self.columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self.refs)

    def __len__(self) -> int:
        return len(self.refs)


def _path(store: Store, job: Job) -> Path:
    return store.receipt(job.stage, job.family.name, job.shard, job.key)


def receipt_of(job: Job, store: Store, stat: StatCache, *, verify: bool = False) -> Receipt | None:
    """The receipt that makes the job unnecessary, or None."""
    receipt = parse_receipt(read_json(_path(store, job)))
    if receipt is None or receipt.key != job.key:
        return None
    return receipt if all(_stands(out, store, stat, verify) for out in receipt.outputs) else None


def parse_receipt(raw: Any) -> Receipt | None:
    """A receipt from its JSON; None for what is no receipt (a torn or foreign file)."""
    try:
        outputs = tuple(Output(Ref(**o["ref"]), o["size"], o["file_digest"]) for o in raw["outputs"])
        return Receipt(raw["key"], raw["basis"], outputs, tuple((m, k, n) for m, k, n in raw["counts"]))
    except (TypeError, KeyError, ValueError):
        return None


def _stands(out: Output, store: Store, stat: StatCache, verify: bool) -> bool:
    """Whether the file on disk is the one the receipt lists: by size and mtime, else by its bytes (`verify`: by these).

    Not by values: a torn file has none, and the statistics by which row groups are skipped are not among them.
    """
    path = store.path(out.ref)
    try:
        if path.stat().st_size != out.size:
            return False
        if verify:
            stat.forget(path)
        return stat.digest(path) == out.file_digest
    except (OSError, BadInput):  # gone, or it cannot be read: it is made again
        return False
