"""A small finished run, made by hand: five stages over two shards, with tables, manifests, censuses and ledgers.

Tests bend one thing in it and look at what gates and report say. No test of its own.
"""

import hashlib
from pathlib import Path

import polars as pl
import yaml

from pipelines import outputs
from pipelines.files import write_json, write_lines
from pipelines.gates.files import schema_of
from pipelines.store import ROOT, Ref, Store
from stages import census
from stages.census import Count
from stages.params import Params, parse

SHARDS = ("crawl-0", "crawl-1")
SYNTHETIC = "healthy"
FACTS = {"language": "en", "n_tokens": 100}


def first(**columns):
    """Expressions that change the first row only."""
    return {name: pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(v)).otherwise(name) for name, v in columns.items()}


def judged(made, stage, **gates):
    """The verdict on one stage. `gates`: bounds by stage."""
    from pipelines.gates.judge import judge

    return judge(made.store, params(**gates), stage)


def closed_by(made, stage, **gates):
    """Key -> finding of all that closes the stage's gate."""
    return {f.check.key: f for f in judged(made, stage, **gates).closing()}


def finding(made, stage, key, **gates):
    """What one expectation finds, without the cost of the whole suite."""
    from pipelines.gates.expectations import validate
    from pipelines.gates.judge import evidence, suite_of

    frames, checks = evidence(made.store, params(**gates), suite_of(stage))
    check = next(c for c in checks if c.key == key)
    return validate(check.frame, frames[check.frame], [check])[0]


def doc(shard, n):
    return hashlib.sha256(f"{shard} {n}".encode()).hexdigest()[:32]


def params(**gates) -> Params:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["gates"] = {stage: gates.get(stage, {}) for stage in outputs.STAGES}
    return parse(raw)


def decisions(ids, rejected=None):
    """Decisions on `ids`; `rejected`: doc_id -> reason, or a dict of columns."""
    rejected = rejected or {}
    rows = []
    for one in ids:
        fate = rejected.get(one)
        fate = {"reason": fate} if isinstance(fate, str) else fate
        row = {"doc_id": one, "keep": fate is None, "reason": None, "value": None, "bound": None, "also": []}
        rows.append(row | {"related_doc_id": None, "detail": None} | (fate or {}))
    return pl.DataFrame(rows, schema=_polars("quality/decisions"))


def _polars(table):
    frame = pl.from_arrow(schema_of(table).empty_table())
    return dict(frame.schema)


def filled(table, ids, **columns):
    """Rows of a table with the given columns; every other column is null, or 1 where it is a number."""
    schema = _polars(table)
    frame = pl.DataFrame({"doc_id": ids} if "doc_id" in schema else {}, schema_overrides={"doc_id": pl.String})
    exprs = [
        columns.get(name, pl.lit(1, dtype=dtype) if dtype.is_numeric() else pl.lit(None, dtype=dtype))
        for name, dtype in schema.items()
        if name != "doc_id"
    ]
    names = [name for name in schema if name != "doc_id"]
    made = [(e if isinstance(e, pl.Expr | pl.Series) else pl.lit(e)).alias(n) for e, n in zip(exprs, names)]
    return frame.with_columns(made).select(pl.col(n).cast(t) for n, t in schema.items())


class Made:
    """The run: `tables[stage/table][shard]` may be bent before `write`, manifests and censuses after it."""

    def __init__(self, root: Path):
        self.store = Store.at(root, "data")
        self.tables: dict[str, dict[str, pl.DataFrame]] = {}
        self.account = {s: {"n_headers": 7, "n_rows": 6, "n_other_types": 1} for s in SHARDS}
        self.collapse = {"verdict": "PASS", "reasons": [], "synthetic_tokens": 200, "sources": {}}
        for shard in SHARDS:
            self._shard(shard)
        self._mix()

    def put(self, table, shard, frame):
        self.tables.setdefault(table, {})[shard] = frame

    def _shard(self, shard):
        ids = [doc(shard, n) for n in range(6)]
        keeps = {"extract": ids[:5], "quality": ids[:4], "dedup": ids[:3], "toxicity": ids[:3]}
        fates = {
            "extract": {ids[5]: "not_html"},
            "quality": {
                ids[4]: {"reason": "word_count_below", "value": 10.0, "bound": 50.0, "also": ["c4_lines_below"]}
            },
            "dedup": {ids[3]: {"reason": "near_duplicate", "value": 0.9, "bound": 0.8, "related_doc_id": ids[0]}},
            "toxicity": {},
        }
        given = {"extract": ids, "quality": ids[:5], "dedup": ids[:4], "toxicity": ids[:3]}
        for stage in ("quality", "dedup", "toxicity"):
            self.put(f"{stage}/decisions", shard, decisions(given[stage], fates[stage]))
            self.put(f"{stage}/edits", shard, filled(f"{stage}/edits", ids[:1], start=2, end=5, kind="email"))
        wide = decisions(ids, fates["extract"])
        extra = {
            "url": pl.lit("http://a.example/"),
            "record_type": pl.lit("response"),
            "warc_file": pl.lit("a.warc.gz"),
        }
        self.put("extract/decisions", shard, wide.with_columns(**extra, warc_offset=pl.lit(0, dtype=pl.Int64)))
        documents = filled("extract/documents", keeps["extract"], **FACTS, text="one two", language_score=0.9)
        self.put("extract/documents", shard, documents)
        self.put("extract/look", shard, filled("extract/look", keeps["extract"], language_score=0.9))
        self.put("extract/provenance", shard, filled("extract/provenance", keeps["extract"], hidden_share=0.1))
        self.put("extract/records", shard, filled("extract/records", ids))
        for table in ("quality/scores", "dedup/signatures", "toxicity/scores"):
            self.put(table, shard, filled(table, keeps["extract"]))
        from pipelines.gates.quality import SIGNALS

        for table in SIGNALS:
            self.put(table, shard, filled(table, keeps["extract"]))
        self.put("mix/sizes", shard, filled("mix/sizes", keeps["toxicity"]))
        self.put("mix/decisions", shard, decisions(keeps["toxicity"]))

    def _mix(self):
        real = [doc(s, n) for s in SHARDS for n in range(3)]
        made = [doc(SYNTHETIC, n) for n in range(2)]
        cluster = filled("dedup/clusters", [doc(s, n) for s in SHARDS for n in (0, 3)], cluster_size=2, similarity=0.9)
        self.put("dedup/clusters", outputs.WHOLE, cluster)
        self.put("mix/synthetic", SYNTHETIC, filled("mix/synthetic", made, source=SYNTHETIC, n_tokens=100))
        self.put("mix/sizes", SYNTHETIC, filled("mix/sizes", made))
        self.put("mix/decisions", SYNTHETIC, decisions(made))
        for shard, ids, origin in (("mix-00000", real, "crawl"), ("mix-00001", made, "synthetic")):
            one = filled("mix/documents", ids, copy=0, n_tokens=100, provenance=_provenance(origin))
            self.put("mix/documents", shard, one)

    def bend(self, table, shard=SHARDS[0], **columns):
        """Replace columns of one table before it is written."""
        self.tables[table][shard] = self.tables[table][shard].with_columns(**columns)

    def recount(self, stage, metric, key, by, shard=SHARDS[0]):
        """Shift one count of a written census, as a worker that miscounts would."""
        counts = outputs.shard_census(self.store, stage)
        counts[shard] = census.add([counts[shard], [(metric, key, by)]])
        outputs.write_census(self.store, stage, counts)

    def drop(self, stage, table, shard=SHARDS[0]):
        """Leave one file out of a written manifest."""
        refs = outputs.manifest(self.store, stage).refs
        outputs.write_manifest(self.store, stage, [r for r in refs if (r.table, r.shard) != (table, shard)])

    def write(self, *stages):
        """Commit the tables of these stages (default: of all) and what lies beside them."""
        write_lines(self.store.data("inputs", "warcs.jsonl"), [{"shard": s} for s in SHARDS])
        for stage in stages or outputs.STAGES:
            refs = [self._commit(table, shard) for table, shard in self._of(stage)]
            outputs.write_manifest(self.store, stage, refs)
            counts = self.census(stage)
            outputs.write_census(self.store, stage, counts)
            outputs.write_ledger(self.store, stage, census.add(counts.values()), self._parents(stage))
        if "mix" in (stages or outputs.STAGES):
            write_json(self.store.data("mix", "collapse.json"), self.collapse)
        return self

    def _parents(self, stage):
        found = {p: outputs.manifest(self.store, p) for p in outputs.STAGES[: outputs.STAGES.index(stage)]}
        return {p: m.digest for p, m in found.items() if m is not None}

    def _of(self, stage):
        return [(t, s) for t in sorted(self.tables) if t.startswith(f"{stage}/") for s in sorted(self.tables[t])]

    def _commit(self, table, shard) -> Ref:
        return self.store.write(table, shard, self.tables[table][shard], schema_of(table)).ref

    def census(self, stage) -> dict[str, list[Count]]:
        """Shard -> counts, as a worker takes them."""
        out: dict[str, list[list[Count]]] = {}
        for table, shard in self._of(stage):
            frame = self.tables[table][shard]
            out.setdefault(shard, []).append(census.of_table(table, frame))
            if table.endswith("/decisions"):
                facts = self.tables["extract/documents"].get(shard, frame)
                out[shard].append(census.of_decisions(frame, facts))
                if stage == "extract":
                    out[shard].append([("account", k, n) for k, n in self.account[shard].items()])
        return {shard: census.add(parts) for shard, parts in out.items()}


def _provenance(origin):
    fields = schema_of("mix/documents").field("provenance").type
    null = [pl.lit(None).alias(f.name) for f in fields if f.name != "origin"]
    return pl.struct(pl.lit(origin).alias("origin"), *null)
