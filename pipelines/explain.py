"""`python -m pipelines.explain URL_OR_ID`: one document's way through all stages, from what is on disk.

A scan over the decisions; measures stand beside the bounds they were held against. Never prints page text.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from pipelines import context, outputs
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.errors import BadInput
from pipelines.outputs import STAGES
from pipelines.store import ROOT, Ref

QUIET = ("doc_id", "also", "text", "minhash", "exact", "provenance")


def main(argv: Sequence[str] | None = None) -> int:
    """Print every stage's decision and measures; `--json` prints one object per document found."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    names = [a for a in arguments if not a.startswith("--")]
    set_environment(ROOT)

    def work() -> None:
        if len(names) != 1:
            raise BadInput("usage: python -m pipelines.explain URL_OR_ID [--json]")
        found = list(explain(context.load(), names[0]))
        if not found:
            raise BadInput(f"{_safe(names[0])} is not among the records of data/extract or data/mix")
        for one in found:
            print(json.dumps(one) if "--json" in arguments else _shown(one))

    return guarded("explain", work)


def explain(ctx: Context, name: str) -> Iterator[dict[str, Any]]:
    """Every record with this url or doc_id: {"doc_id", "shard", "url", "stages": {stage: {"decision", "measures"}}}."""
    for shard, doc_id, url in _locate(ctx, name):
        stages = {stage: _at(ctx, stage, shard, doc_id) for stage in STAGES}
        yield {"doc_id": doc_id, "shard": shard, "url": url, "stages": {s: v for s, v in stages.items() if v}}


def _locate(ctx: Context, name: str) -> Iterator[tuple[str, str, str | None]]:
    for ref in _tables(ctx, "extract", "decisions"):
        rows = ctx.store.read(ref, ("doc_id", "url")).filter((pl.col("doc_id") == name) | (pl.col("url") == name))
        yield from ((ref.shard, doc_id, url) for doc_id, url in rows.unique(maintain_order=True).iter_rows())
    for ref in _tables(ctx, "mix", "synthetic"):
        rows = ctx.store.read(ref, ("doc_id",)).filter(pl.col("doc_id") == name)
        yield from ((ref.shard, doc_id, None) for (doc_id,) in rows.unique().iter_rows())


def _tables(ctx: Context, stage: str, table: str) -> tuple[Ref, ...]:
    found = outputs.manifest(ctx.store, stage)
    return found.shards(f"{stage}/{table}") if found else ()


def _at(ctx: Context, stage: str, shard: str, doc_id: str) -> dict[str, Any]:
    """Decisions and narrow measures of one document in one stage."""
    found = outputs.manifest(ctx.store, stage)
    out: dict[str, Any] = {}
    for ref in found.refs if found else ():
        if ref.shard not in (shard, outputs.WHOLE) or not ctx.store.path(ref).is_file():
            continue
        rows = _rows(ctx, ref, doc_id)
        if rows:
            out[ref.table.split("/", 1)[1]] = rows if len(rows) > 1 else rows[0]
    if out and outputs.stale(ctx.store, stage):
        out["STALE"] = "made from an earlier state of " + ", ".join(outputs.stale(ctx.store, stage))
    return out


def _rows(ctx: Context, ref: Ref, doc_id: str) -> list[dict[str, Any]]:
    frame = ctx.store.read(ref, _narrow(ctx, ref))
    if "doc_id" not in frame.columns:
        return []
    return [dict(row) for row in frame.filter(pl.col("doc_id") == doc_id).iter_rows(named=True)]


def _narrow(ctx: Context, ref: Ref) -> list[str]:
    names = ctx.store.columns(ref)
    return [n for n in names if n in ("doc_id", "also") or n not in QUIET]


def _shown(one: Mapping[str, Any]) -> str:
    lines = [f"{_safe(one['url'] or 'synthetic')}  doc_id {one['doc_id']}  shard {one['shard']}"]
    for stage, tables in one["stages"].items():
        decision = tables.get("decisions")
        for row in decision if isinstance(decision, list) else [decision] if decision else []:
            lines.append(f"{stage:<9} {_verdict(row)}")
        for table, row in tables.items():
            if table != "decisions":
                lines.append(f"          {table}: {_values(row)}")
    return "\n".join(lines)


def _verdict(row: Mapping[str, Any]) -> str:
    where = f"  [{row['warc_file']} offset {row['warc_offset']}]" if row.get("warc_file") else ""
    if row["keep"]:
        return f"kept{where}"
    held = (
        f": {row['value']:g} against {row['bound']:g}" if row["value"] is not None and row["bound"] is not None else ""
    )
    also = f"; also {', '.join(row['also'])}" if row["also"] else ""
    twin = f"; kept twin {row['related_doc_id']}" if row["related_doc_id"] else ""
    detail = f" ({_safe(row['detail'])})" if row["detail"] else ""
    return f"REJECTED {row['reason']}{held}{detail}{also}{twin}{where}"


def _values(row: Any) -> str:
    if isinstance(row, list):
        return f"{len(row)} rows"
    if isinstance(row, str):
        return row
    return ", ".join(f"{name}={_safe(str(v))}" for name, v in row.items() if name != "doc_id" and v is not None)


def _safe(text: str) -> str:
    """Page-made strings on a terminal: printable characters only, bounded."""
    return "".join(c if c.isprintable() else "�" for c in text[:300])


if __name__ == "__main__":
    sys.exit(main())
