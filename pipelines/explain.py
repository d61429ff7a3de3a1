"""`python -m pipelines.explain URL_OR_ID`: one document's way through all stages, from what is on disk.

Finds the place by the index (pipelines/locator.py), or by a scan where the index is missing or old, and says so.
Measures stand beside the bounds that params.yaml sets now. Never prints page text. Imports Arrow, not Polars: the start
of the process is most of the answer's time.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines import STAGES, context, locator, manifests, shown
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.errors import BadInput
from pipelines.store import ROOT, Ref
from pipelines.terminal import safe, say

WHOLE = "part-00000"
QUIET = ("text", "minhash", "exact", "provenance", "title", "replacement")
# and the families of signals
TOLD = ("look", "provenance", "documents", "scores", "edits", "clusters", "sizes", "decisions")
RECORD = "extract/decisions"
SYNTHETIC = "mix/synthetic"
Row = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Print every stage's decision and measures; `--json` prints one object per record found."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    names = [a for a in arguments if not a.startswith("--")]
    set_environment(ROOT)

    def work() -> None:
        if len(names) != 1 or {a for a in arguments if a.startswith("--")} - {"--json"}:
            raise BadInput("usage: python -m pipelines.explain URL_OR_ID [--json]")
        ctx = context.load()
        if not locator.is_current(ctx.store, ctx.run_dir):
            print(
                "no current index, so all shards are scanned; `python -m pipelines.locator` makes one", file=sys.stderr
            )
        found = list(explain(ctx, names[0]))
        if not found:
            raise BadInput(f"{safe(names[0])} is not among the records of data/extract or data/mix")
        for one in found:
            say(json.dumps(one, ensure_ascii=True) if "--json" in arguments else shown.as_text(one))

    return guarded("explain", work, status=False)


def explain(ctx: Context, name: str) -> Iterator[Row]:
    """Every record with this url or doc_id, and every synthetic row with this doc_id, in order of shard and place.

    Each is {"doc_id", "shard", "url", "record_type", "replay", "stages": {stage: {"decisions": row, "measures": [...],
    <table>: row or rows}}, "twin", "end"}; see the functions below.
    """
    for table, shard, place in _locate(ctx, name):
        yield _record(ctx, shard, place) if table == RECORD else _synthetic(ctx, shard, place)


def _locate(ctx: Context, name: str) -> list[tuple[str, str, int]]:
    """(table, shard, row) of every row that has this name."""
    from pipelines import lookup

    found = locator.find(ctx.store, ctx.run_dir, name)
    if found is None:
        refs = [ref for table in locator.NAMED for ref in manifests.refs_of(ctx.store, table)]
        return [(ref.table, ref.shard, place) for ref in refs for place in _scan(ctx, ref, name)]
    sure = []
    for table, shard, place in found:
        ref = manifests.ref_of(ctx.store, table, shard)
        rows = lookup.at_places(ctx.store, ref, [place], locator.NAMED[table]) if ref else []
        sure += [(table, shard, place) for row in rows if name in row.values()]  # a hash is no proof
    return sure


def _scan(ctx: Context, ref: Ref, name: str) -> Iterator[int]:
    from pipelines import lookup

    names = lookup.values(ctx.store, ref, locator.NAMED[ref.table])
    return (place for place, row in enumerate(names) if name in row)


def _record(ctx: Context, shard: str, place: int) -> Row:
    """A record of an archive. Later stages are told of a record that extract kept: a repeat of it shares its doc_id."""
    from pipelines import lookup

    refs = {ref.table: ref for ref in manifests.refs_at(ctx.store, "extract", shard)}
    own = lookup.at_places(ctx.store, refs[RECORD], [place], EXTRACT_COLUMNS)[0]
    one = _head(shard, own["doc_id"], own["url"], own["record_type"])
    one |= {"warc_file": own["warc_file"], "warc_offset": own["warc_offset"]}
    one["replay"] = _replay(ctx, refs[RECORD], shard, own)
    kept = bool(own["keep"])
    repeat = own["reason"] == "repeated_record"
    stages = STAGES if kept else STAGES[:1]
    tables = {} if repeat else {stage: _tables(ctx, stage, shard, own["doc_id"]) for stage in stages}
    tables.setdefault("extract", {})["decisions"] = own
    return one | _told(ctx, tables, shard, own)


def _synthetic(ctx: Context, shard: str, place: int) -> Row:
    """A row of a synthetic source: mix alone decides about it."""
    from pipelines import lookup

    refs = {ref.table: ref for ref in manifests.refs_at(ctx.store, "mix", shard)}
    columns = ["doc_id", "source", "n_tokens", "generator", "method", "generation_depth", "licence", "reference"]
    own = lookup.at_places(ctx.store, refs[SYNTHETIC], [place], columns)[0]
    tables: dict[str, Row] = {"mix": {"synthetic": own}}
    for name in ("sizes", "decisions"):  # row for row those of mix/synthetic
        table = refs[f"mix/{name}"]
        tables["mix"][name] = lookup.at_places(ctx.store, table, [place], ctx.store.columns(table))[0]
    return _head(shard, own["doc_id"], None, "synthetic") | _told(ctx, tables, shard, tables["mix"]["decisions"])


EXTRACT_COLUMNS = (
    *("doc_id", "keep", "reason", "value", "bound", "also", "related_doc_id", "detail"),
    *("url", "record_type", "warc_file", "warc_offset"),
)


def _head(shard: str, doc_id: str, url: str | None, record_type: str | None) -> Row:
    return {"doc_id": doc_id, "shard": shard, "url": url, "record_type": record_type}


def _told(ctx: Context, tables: dict[str, Row], shard: str, own: Row) -> Row:
    from pipelines import bounds

    for stage, found in tables.items():
        found["measures"] = bounds.of(stage, tables, ctx.params)
        moved = manifests.stale(ctx.store, stage)
        if moved:
            found["STALE"] = "made from an earlier state of " + ", ".join(moved)
    told = {stage: found for stage, found in tables.items() if len(found) > 1 or found["measures"]}
    return {"stages": told, "twin": _twin(ctx, told), "end": _end(told)}


def _tables(ctx: Context, stage: str, shard: str, doc_id: str) -> Row:
    """Table name -> the document's row there (rows, where there are several), narrow columns only."""
    from pipelines import lookup

    out: Row = {}
    for ref in manifests.refs_at(ctx.store, stage, shard, WHOLE):
        if _is_told(ref.table) and ctx.store.path(ref).is_file():
            name, rows = ref.table.split("/", 1)[1], lookup.rows_of(ctx.store, ref, doc_id, QUIET)
            if rows:
                out[name] = rows if name == "edits" or len(rows) > 1 else rows[0]
    return out


def _is_told(table: str) -> bool:
    """Whether a table has narrow rows by doc_id; mix/documents is the release, and cut otherwise."""
    name = table.split("/", 1)[1]
    return (name in TOLD or name.startswith("signals/")) and table != "mix/documents"


def _replay(ctx: Context, ref: Ref, shard: str, own: Row) -> str:
    """The command that extracts this record again; with its doc_id where several records begin at one offset."""
    from pipelines import lookup

    offset = own["warc_offset"]
    same = sum(o == offset for (o,) in lookup.values(ctx.store, ref, ("warc_offset",)))
    return f"python -m pipelines.replay {shard} {offset}" + (f" --id {own['doc_id']}" if same > 1 else "")


def _twin(ctx: Context, tables: Mapping[str, Row]) -> Row | None:
    """The kept twin that a decision names: {"doc_id", "url", "shard", "similarity"}."""
    from pipelines import lookup

    named = [(stage, row) for stage, row in _decisions(tables) if row["related_doc_id"]]
    if not named:
        return None
    stage, decided = named[-1]
    doc_id = decided["related_doc_id"]
    places = [one for one in _locate(ctx, doc_id) if one[0] == RECORD]
    out: Row = {"doc_id": doc_id, "url": None, "shard": None}
    for _, shard, place in places:
        ref = manifests.ref_of(ctx.store, RECORD, shard)
        assert ref is not None, "it was located"
        row = lookup.at_places(ctx.store, ref, [place], ("url", "keep"))[0]
        if row["keep"] or len(places) == 1:
            out |= {"url": row["url"], "shard": shard}
    return out | ({"similarity": decided["value"]} if stage == "dedup" else {})


def _decisions(tables: Mapping[str, Row]) -> list[tuple[str, Row]]:
    return [(stage, found["decisions"]) for stage, found in tables.items() if "decisions" in found]


def _end(tables: Mapping[str, Row]) -> str:
    """How the way ended: released, rejected by a stage, or not decided yet."""
    decided = _decisions(tables)
    if not decided:
        return "not decided yet"
    stage, row = decided[-1]
    if not row["keep"]:
        return f"rejected by {stage}: {row['reason']}"
    return "released" if stage == STAGES[-1] else f"kept by {stage}; what follows has not decided"


if __name__ == "__main__":
    sys.exit(main())
