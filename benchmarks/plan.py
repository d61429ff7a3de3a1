"""How long `python -m pipelines.plan` takes over many finished shards, and after one changed bound.

    python benchmarks/plan.py [SHARDS] [FOLDER]     (default: 2,000 shards, ./.run/planned)

Makes a checkout of empty archives whose every receipt stands: the stages run, but each job writes empty tables and its
receipt instead of working. Then the command is asked in processes of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import context, inputs, mix, outputs, runner
from pipelines.files import file_digest, write_json
from pipelines.outputs import STAGES
from pipelines.runner import Done
from pipelines.store import ROOT, Output
from pipelines.work import Job, Receipt

CODE = ("stages", "pipelines", "params.yaml", "requirements.lock", "data/models", "data/sample/synthetic")


def main() -> None:
    """Build, ask, print."""
    shards = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    root = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / ".run" / "planned"
    start = time.perf_counter()
    build(root, shards)
    print(f"{shards:,} shards built: {time.perf_counter() - start:.1f} s", flush=True)
    ask(root, "nothing to do")
    params = root / "params.yaml"
    params.write_text(params.read_text().replace("word_count: {min: 50,", "word_count: {min: 60,"))
    ask(root, "after a changed bound of quality")


def build(root: Path, shards: int) -> None:
    """A checkout that has run over so many archives, each of one record."""
    shutil.rmtree(root, ignore_errors=True)
    for name in CODE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    (root / "data/crawl").mkdir()
    for number in range(shards):
        head = f"WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: <urn:{number}>\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
        (root / f"data/crawl/crawl-{number:05d}.warc").write_text(head)
    params = root / "params.yaml"
    lines = params.read_text().splitlines(keepends=True)
    change = {"  warcs:": "  warcs: data/crawl/*.warc\n", "  executor:": "  executor: inprocess\n"}
    params.write_text("".join(next((new for k, new in change.items() if line.startswith(k)), line) for line in lines))
    ctx = context.load(root)
    inputs.resolve(ctx)
    runner.run = Empty(root).run  # type: ignore[assignment]
    mix._write_verdict = lambda *_: None  # type: ignore[assignment]
    for stage in (*STAGES, "dispositions"):
        import_module(f"pipelines.{stage}").run(ctx)
        if stage in STAGES:
            found = outputs.manifest(ctx.store, stage)
            assert found is not None
            write_json(outputs.gate_path(ctx.store, stage, "open"), {"manifest": found.digest})


class Empty:
    """Instead of working: empty tables, written once each and linked, and the receipt that a worker would leave."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made: dict[str, Output] = {}

    def run(self, jobs: Sequence[Job], ctx: Any) -> Iterator[Done]:
        """As runner.run, without the work."""
        for job in jobs:
            written = tuple(self._table(ctx.store, table, job) for table in job.family.writes)
            receipt = Receipt(job.key, job.basis(), written, ())
            path = ctx.store.receipt(job.stage, job.family.name, job.shard, job.key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(receipt)))
            yield Done(job, receipt)

    def _table(self, store: Any, table: str, job: Job) -> Output:
        schema = job.family.writes[table]
        if table not in self.made:
            frame = pl.from_arrow(schema.empty_table())
            assert isinstance(frame, pl.DataFrame)
            self.made[table] = store.write(table, "model", frame, schema)
        model = self.made[table]
        out = Output(type(model.ref)(table, job.shard, model.ref.digest), model.size, model.file_digest)
        path = store.path(out.ref)
        path.unlink(missing_ok=True)
        os.link(store.path(model.ref), path)
        assert file_digest(path) == model.file_digest
        return out


def ask(root: Path, what: str) -> None:
    """Three processes; the first fills the memory of digests."""
    for number in range(3):
        start = time.perf_counter()
        call = [sys.executable, "-m", "pipelines.plan"]
        done = subprocess.run(call, cwd=root, capture_output=True, text=True, check=True)
        print(f"{what}, {number + 1}: {time.perf_counter() - start:.1f} s", flush=True)
    print(done.stdout[:600])


if __name__ == "__main__":
    main()
