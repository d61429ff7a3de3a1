"""How long `python -m pipelines.explain` takes among many pages.

    python benchmarks/explain.py [PAGES] [SHARDS] [FOLDER]     (default: 1,000,000 pages in 100 shards, ./.run/explain)

Writes made-up tables of all stages through the store into a checkout of its own, builds the index, and asks for urls
and doc_ids in processes of their own. Prints the median of nine with the spread, with the index and without.
"""

import hashlib
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines import locator, outputs
from pipelines.files import write_json, write_lines
from pipelines.store import ROOT, Ref, Store
from stages.quality import signals
from stages.schemas import TABLES

STAGES = outputs.STAGES
T = TypeVar("T")
CODE = ("stages", "pipelines", "params.yaml", "requirements.lock")


def main() -> None:
    """Build, ask, print."""
    pages, shards = (int(a) for a in (sys.argv[1:3] + ["1000000", "100"][len(sys.argv[1:3]) :]))
    root = Path(sys.argv[3]) if len(sys.argv) > 3 else ROOT / ".run" / "explain"
    shutil.rmtree(root, ignore_errors=True)
    (root / "data").mkdir(parents=True)
    for name in CODE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    store = Store.at(root, "data")
    urls = timed(f"tables of {pages:,} pages in {shards:,} shards", lambda: build(store, pages, shards))
    size = sum(path.stat().st_size for path in (root / "data").rglob("*.parquet")) / 1e6
    print(f"{size:.0f} MB of Parquet")
    timed("index", lambda: locator.refresh(store, root / ".run"))
    print(f"index: {locator.path_of(root / '.run').stat().st_size / 1e6:.0f} MB")
    ask(root, "by url", urls)
    ask(root, "by doc_id", [doc_id(url) for url in urls])
    locator.path_of(root / ".run").unlink()
    ask(root, "by scan", urls[:3])


def timed(what: str, work: Callable[[], T]) -> T:
    """Call, and print how long it took."""
    start = time.perf_counter()
    found = work()
    print(f"{what}: {time.perf_counter() - start:.1f} s", flush=True)
    return found


def doc_id(url: str) -> str:
    """Made up, but of the right form."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def ask(root: Path, what: str, names: list[str]) -> None:
    """One process per question, in the order of the shards."""
    took = []
    for name in names:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.explain", name], cwd=root, capture_output=True, text=True, check=True
        )
        took.append(time.perf_counter() - start)
        assert "released" in done.stdout or "rejected" in done.stdout, done.stderr
    print(f"{what}: median {statistics.median(took):.2f} s ({min(took):.2f} to {max(took):.2f}, {len(took)} questions)")


def build(store: Store, pages: int, shards: int) -> list[str]:
    """Every table that a document has a row in; returns nine urls."""
    manifests: dict[str, list[Ref]] = {stage: [] for stage in STAGES}
    ids: list[pl.Series] = []
    asked: list[str] = []
    for number in range(shards):
        shard, height = f"crawl-{number:05d}", pages // shards
        urls = [f"https://host{(number * height + i) % 9973}.example/{number}/{i}" for i in range(height)]
        names = pl.Series("doc_id", [doc_id(url) for url in urls])
        ids.append(names)
        if number in {shards * k // 9 for k in range(9)} and len(asked) < 9:
            asked.append(urls[height // 2])
        for table, frame in tables(names, urls, shard).items():
            schema = signals.schema(table.split("/")[-1]) if "/signals/" in table else TABLES[table]
            manifests[table.split("/")[0]].append(store.write(table, shard, frame, schema).ref)
    clusters = pl.DataFrame({"doc_id": pl.concat(ids)}).sort("doc_id")[::10]
    rows = filled(clusters, TABLES["dedup/clusters"])
    manifests["dedup"].append(store.write("dedup/clusters", outputs.WHOLE, rows, TABLES["dedup/clusters"]).ref)
    for stage, refs in manifests.items():
        outputs.write_manifest(store, stage, refs)
    for stage in STAGES:
        parents = {s: outputs.manifest(store, s).digest for s in STAGES[: STAGES.index(stage)]}
        write_json(store.data(stage, "ledger.json"), {"parents": parents})
    write_lines(store.data("inputs", "warcs.jsonl"), [])
    return asked


def tables(names: pl.Series, urls: list[str], shard: str) -> dict[str, pl.DataFrame]:
    """The narrow tables of a shard; texts are short, since explain does not read them."""
    base = pl.DataFrame({"doc_id": names})
    place = {"url": urls, "warc_file": [f"{shard}.warc.gz"] * len(urls), "warc_offset": np.arange(len(urls)) * 20_000}
    kept = base.with_columns(keep=pl.lit(True))
    out = {"extract/decisions": kept.with_columns(**{k: pl.Series(k, v) for k, v in place.items()})}
    out["extract/documents"] = base.with_columns(url=pl.Series(urls))
    for table in ("extract/look", "quality/scores", "toxicity/scores", "mix/sizes"):
        out[table] = base
    for stage in STAGES[1:]:
        out[f"{stage}/decisions"] = kept
    for family in signals.families():
        out[f"quality/signals/{family}"] = base
    schema = {t: signals.schema(t.split("/")[-1]) if "/signals/" in t else TABLES[t] for t in out}
    return {table: filled(frame, schema[table]) for table, frame in out.items()}


def filled(frame: pl.DataFrame, schema: pa.Schema) -> pl.DataFrame:
    """The columns of a schema that the frame lacks, by hash of the doc_id."""
    noise = pl.col("doc_id").str.slice(0, 8).str.to_integer(base=16)
    made = {"double": noise / 2**32, "int64": noise % 1000, "bool": noise % 2 == 0}
    missing = [field for field in schema if field.name not in frame.columns]
    nulls = ("reason", "value", "bound", "related_doc_id", "detail", "also", "missing", "taken_down")
    columns = [
        made.get(str(field.type), pl.lit(None if str(field.type).startswith("list") else "words"))
        if field.name not in nulls
        else pl.lit(None)
        for field in missing
    ]
    return frame.with_columns(column.alias(field.name) for column, field in zip(columns, missing))


if __name__ == "__main__":
    main()
