"""The report of many documents: censuses as so many shards would leave them, tables of the shards it looks into."""

import json
import time

import numpy as np
import polars as pl
import pytest

from pipelines import outputs
from pipelines.reports import build
from pipelines.reports.chosen import order
from pipelines.store import Ref, Store
from stages import census, schemas
from tests.pipelines.made import decisions, params

SHARD = 30_000  # documents
HOSTS = 4_000  # a shard's
COLUMNS = {
    "quality": [(f"quality/signals/gopher.{name}", name) for name in params().quality.signals],
    "extract": [("extract/documents.n_chars", "n_chars"), ("extract/documents.language_score", "language_score")],
    "toxicity": [("toxicity/scores.toxicity_score", "toxicity_score")],
}
REASONS = [f"{name}_{side}" for name in params().quality.signals for side in ("below", "above")]

pytestmark = pytest.mark.slow


def counts(stage, shard):
    """The census of one shard: every bin in use, hosts that no other shard has, every reason and most pairs."""
    spread = np.random.default_rng(shard)
    out = [("rows", side, SHARD // share) for side, share in (("in", 1), ("kept", 2), ("rejected", 2))]
    out += [("tokens", side, 500 * SHARD // share) for side, share in (("in", 1), ("kept", 2), ("rejected", 2))]
    out += [(m, r, 200) for r in REASONS for m in ("reason", "reason_tokens", "failed", "alone")]
    out += [("pair", f"{a}|{b}", 5) for a, b in zip(REASONS, REASONS[1:] * 20)]
    out += [("language", f"l{i}|{side}", 90) for i in range(60) for side in ("in", "kept")]
    hosts = (f"host-{shard}-{i}.example" for i in range(HOSTS // census.HOST_SAMPLE))
    out += [("host", f"{host}|{side}", 8) for host in hosts for side in ("in", "kept")]
    for column, _ in COLUMNS.get(stage, ()):
        edges = (
            [census.label(e) for e in census.EDGES if e <= 1] if "share" in column else map(census.label, census.EDGES)
        )
        out += [(f"hist:{column}", edge, int(n)) for edge, n in zip(edges, spread.integers(1, 900, 200))]
    return out


def lines(stage, shards):
    for shard in range(shards):
        rows = counts(stage, shard)
        yield "".join(f'{{"shard": "s{shard:05d}", "metric": "{m}", "key": "{k}", "count": {n}}}\n' for m, k, n in rows)


def made(store, documents):
    """Five stages with the censuses of all shards, and tables for the shards that examples are taken from."""
    shards = max(1, documents // SHARD)
    names = [f"s{i:05d}" for i in range(shards)]
    ids = [f"{i:032x}" for i in range(SHARD)]
    fates = {one: REASONS[i % len(REASONS)] for i, one in enumerate(ids) if i % 2}
    decided = decisions(ids, fates)
    text = pl.lit("Some words of a page. " * 60)
    fields = pl.DataFrame({"doc_id": ids}).with_columns(text=text, title=pl.lit("A title"), url=pl.lit("u.example"))
    missing = [pl.lit(None).alias(n) for n in schemas.DOCUMENTS.names if n not in fields.columns]
    for stage in outputs.STAGES:
        path = store.data(stage, "census.jsonl")
        path.parent.mkdir(parents=True)
        with path.open("w") as file:
            file.writelines(lines(stage, shards))
        tables = [f"{stage}/decisions", *(["extract/documents"] if stage == "extract" else [])]
        outputs.write_manifest(store, stage, [Ref(t, s, "d" * 32, SHARD, 10**8) for t in tables for s in names])
    for shard in sorted(names, key=order)[:8]:
        store.write("extract/documents", shard, fields.with_columns(missing), schemas.DOCUMENTS)
        wide = decided.with_columns(pl.lit("u").alias(n) for n in ("url", "record_type", "warc_file"))
        wide = wide.with_columns(warc_offset=pl.lit(0))
        for stage in outputs.STAGES:
            schema = schemas.EXTRACT_DECISIONS if stage == "extract" else schemas.DECISIONS
            store.write(f"{stage}/decisions", shard, wide, schema)


@pytest.mark.parametrize("documents", [10**5, 10**6, 10**7])
def test_the_page_of_many_documents_is_small_and_soon_there(tmp_path, documents):
    store = Store.at(tmp_path, "data")
    made(store, documents)
    start = time.perf_counter()
    page = build.build(store, params())
    seconds, size = time.perf_counter() - start, page.stat().st_size
    print(json.dumps({"documents": documents, "seconds": round(seconds, 1), "megabytes": round(size / 1e6, 2)}))
    assert seconds <= 60
    assert size <= 10_000_000
