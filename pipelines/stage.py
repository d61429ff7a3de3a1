"""A stage's run: its families over its shards, then manifest, census and ledger.

`dry` finds out what would run and why, and touches nothing. Knows no particular stage.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import outputs, runner
from pipelines.context import Context
from pipelines.errors import BadInput, GateClosed, ShardFailed
from pipelines.files import below, read_json
from pipelines.outputs import WHOLE, Manifest
from pipelines.progress import Progress
from pipelines.store import Ref
from pipelines.work import Family, Job, Model, Read, Receipt, Shards, input_bytes, parse_receipt, receipt_of
from stages.census import Count, add

UNKNOWN = "?"  # digest of a table that a dry run cannot know, since what makes it would run


@dataclass(frozen=True)
class Todo:
    """One job that has no valid receipt, and why."""

    stage: str
    family: str
    shard: str
    why: str
    known_bytes: int = 0  # of what it reads, as far as it is there
    unknown: tuple[tuple[str, int], ...] = ()  # tables it reads that are not made yet, and how many shards of each
    writes: tuple[str, ...] = ()


class Stage:
    """One run of one stage. Families are run in the order of the calls to `each` and `whole`, then `finish`."""

    def __init__(
        self, ctx: Context, name: str, gate: str | None, reads: Iterable[str] = (), *, dry: bool = False
    ) -> None:
        self.ctx, self.name, self.dry = ctx, name, dry
        if gate is not None and not dry and not outputs.is_open(ctx.store, gate):
            raise GateClosed(f"the gate of {gate} is not open for its manifest: see data/gates/{gate}.json")
        self.parents = {parent: self._parent(parent) for parent in reads}
        self.refs: dict[str, dict[str, Ref]] = {}
        for found in self.parents.values():
            for ref in found.refs:
                self.refs.setdefault(ref.table, {})[ref.shard] = ref
        self.tables: set[str] = set()
        self.counts: dict[str, list[Count]] = {}
        self.receipts: set[str] = set()
        self.failed: dict[str, str] = {}
        self.todo: list[Todo] = []
        self.own: dict[str, tuple[tuple[Read, tuple[Ref, ...]], Mapping[str, str]]] = {}
        if not dry:
            ctx.store.clear_temporaries(name)

    def _parent(self, name: str) -> Manifest:
        if self.dry and name in self.ctx.planned:
            return Manifest(self.ctx.planned[name], "")
        found = outputs.manifest(self.ctx.store, name)
        if found is None and not self.dry:
            raise BadInput(f"data/{name}/manifest.jsonl is missing: run `dvc repro {name}` first")
        return found or Manifest((), "")

    def shards(self, table: str) -> list[str]:
        """Shards of a table that is known by now."""
        return sorted(self.refs.get(table, {}))

    def tables_of(self, table: str) -> Shards:
        """All shards of a table as they are now, read one by one as they are asked for."""
        return Shards(self.ctx.store, tuple(self.refs.get(table, {}).values()), None)

    def each(
        self,
        family: Family,
        shards: Iterable[str],
        extra: Mapping[str, Any] | None = None,
        files: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """Run a family on every shard. `extra`: per-shard params; `files`: shard -> (absolute path, digest)."""
        if WHOLE in self.failed:  # a table of all shards is missing, which others may read: `finish` names it
            return
        extra, files = extra or {}, files or {}
        models = self.ctx.models(family.models)
        jobs = [self._job(family, s, extra.get(s), files.get(s), models) for s in shards if s not in self.failed]
        self._carry_out(family, jobs)

    def whole(self, family: Family, extra: Any = None) -> None:
        """Run a family once over all shards; not when one of them failed, since the result would be of a part."""
        if not self.failed:
            self._carry_out(family, [self._job(family, WHOLE, extra, None, self.ctx.models(family.models))])

    def _job(
        self, family: Family, shard: str, extra: Any, file: tuple[str, str] | None, models: Mapping[str, Model]
    ) -> Job:
        refs = {read.table: self._read(read, shard) for read in family.reads}
        named = {"file": file[0]} if file else {}
        digests = {"file": file[1]} if file else {}
        digests |= {read.table: self._own(read).get(shard, "") for read in family.reads if read.own}
        return Job(self.name, family, shard, refs, named, digests, extra, models)

    def _read(self, read: Read, shard: str) -> tuple[Ref, ...]:
        known = self.refs.get(read.table, {})
        if read.whole or read.own:
            return tuple(known[s] for s in sorted(known))
        own = known.get(shard) or known.get(WHOLE)
        if own is None and self.dry:
            return (Ref(read.table, shard, UNKNOWN),)
        if own is None:
            raise BadInput(f"{read.table} has no shard {shard}: run `dvc repro` from the start")
        return (own,)

    def _own(self, read: Read) -> Mapping[str, str]:
        """Shard -> digest of its own rows of a table of all shards, computed once for each state of the table."""
        refs = self._read(read, "")
        state = (read, refs)
        if read.table not in self.own or self.own[read.table][0] != state:
            unknown = any(ref.digest == UNKNOWN for ref in refs)
            find = self.ctx.store.own_digests
            found = defaultdict(lambda: UNKNOWN) if unknown else find(refs, read.columns or (), read.present)
            self.own[read.table] = (state, found)
        return self.own[read.table][1]

    def _carry_out(self, family: Family, jobs: list[Job]) -> None:
        self.tables |= set(family.writes)
        store, stat, verify = self.ctx.store, self.ctx.stat, self.ctx.verify
        waiting = []
        for job in jobs:
            receipt = receipt_of(job, store, stat, verify=verify)
            if receipt is None:
                waiting.append(job)
            else:
                self._take(job, receipt)
        if self.dry:
            self._plan(waiting)
            return
        how = {"sample": self.ctx.params.input.sample, "lanes": runner.lanes(len(waiting), self.ctx)}
        progress = Progress(self.ctx.run_dir, self.name, family.name, len(waiting), how) if waiting else None
        for done in runner.run(waiting, self.ctx):
            assert progress is not None
            progress.ended(done.job, done.receipt, done.peak_mb)
            if done.receipt is None:
                self.failed[done.job.shard] = f"{family.name}: {done.error}"
            else:
                self._take(done.job, done.receipt)
                for out in done.receipt.outputs:
                    stat.remember(store.path(out.ref), out.file_digest)

    def _take(self, job: Job, receipt: Receipt) -> None:
        if not self.dry:
            self.receipts.add(str(self.ctx.store.receipt(job.stage, job.family.name, job.shard, receipt.key)))
        self.counts[job.shard] = add([self.counts.get(job.shard, []), receipt.counts])
        for out in receipt.outputs:
            self.refs.setdefault(out.ref.table, {})[out.ref.shard] = out.ref

    def _plan(self, jobs: list[Job]) -> None:
        for job in jobs:
            old = parse_receipt(read_json(self.ctx.store.receipt(job.stage, job.family.name, job.shard, job.key)))
            self.todo.append(_todo(job, _why(old, job)))
            for table in job.family.writes:
                self.refs.setdefault(table, {})[job.shard] = Ref(table, job.shard, UNKNOWN)

    def finish(self) -> None:
        """Replace manifest, census and ledger, and remove what no manifest names. Raises ShardFailed by name."""
        own = [ref for table, by_shard in self.refs.items() for ref in by_shard.values() if _of(table) == self.name]
        if self.dry:
            self.ctx.planned[self.name] = tuple(own)
            return
        if self.failed:
            named = "\n".join(f"  {shard}: {why}" for shard, why in sorted(self.failed.items()))
            raise ShardFailed(f"{len(self.failed)} shards of {self.name} failed; the others are kept:\n{named}")
        self._remove_orphans(own)
        # DVC wants every out to exist: also a table without a shard, also where run.store keeps the tables elsewhere.
        for folder in (*self.tables, f"{self.name}/receipts"):
            self.ctx.store.data(folder).mkdir(parents=True, exist_ok=True)
        outputs.write_census(self.ctx.store, self.name, self.counts)
        digests = {name: found.digest for name, found in self.parents.items()}
        outputs.write_ledger(self.ctx.store, self.name, add(self.counts.values()), digests)
        outputs.write_manifest(self.ctx.store, self.name, own)

    def _remove_orphans(self, own: list[Ref]) -> None:
        """Files of shards that left. Tables that carry their digest stay: an old manifest may still want them."""
        store = self.ctx.store
        if store.named_by_digest:
            return
        wanted = {store.path(ref) for ref in own}
        for table in self.tables:
            for path in below(store.tables / table, "*.parquet"):
                if path not in wanted and path.parent == store.tables / table:
                    store.remove(path)
        for path in below(store.data(self.name, "receipts"), "*.json"):
            if str(path) not in self.receipts:
                store.remove(path)


def _of(table: str) -> str:
    return table.split("/")[0]


def _todo(job: Job, why: str) -> Todo:
    waits = Counter(ref.table for refs in job.refs.values() for ref in refs if ref.digest == UNKNOWN)
    writes = tuple(job.family.writes)
    return Todo(job.stage, job.family.name, job.shard, why, input_bytes(job), tuple(sorted(waits.items())), writes)


def _why(old: Receipt | None, job: Job) -> str:
    """What differs between the receipt that lies there and the job that would run."""
    if old is None:
        return "new"
    now = job.basis()
    parts = [name for name in ("recipe", "models") if old.basis.get(name) != now[name]]
    keys = [*changed_keys(old.basis.get("params"), now["params"]), *changed_keys(old.basis.get("extra"), now["extra"])]
    parts = [f"params {', '.join(keys)}", *parts] if keys else parts
    before = old.basis.get("inputs", {})
    moved = [name for name, digest in now["inputs"].items() if before.get(name) != digest]
    return ", ".join([*(f"input {name}" for name in moved), *parts]) or "outputs missing or changed on disk"


def changed_keys(old: Any, new: Any, key: str = "") -> list[str]:
    """The keys under which two params differ, each with both values where they are short."""
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        return [c for k in sorted({*old, *new}) for c in changed_keys(old.get(k), new.get(k), f"{key}.{k}".lstrip("."))]
    values = f"{json.dumps(old)} -> {json.dumps(new)}"
    return [f"{key or 'of the shard'}: {values}" if len(values) <= 60 else key or "of the shard"]
