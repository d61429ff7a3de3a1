"""`python -m pipelines.replay SHARD OFFSET`: extract one record of an archive again, in the sandbox, and say what came.

With `--id DOC_ID` where several records begin at one offset; `--text` prints the main text too, made inert, personal
data masked; `--json` prints one object per row. Writes nothing. It also says whether the stored table holds the same.
"""

import argparse
import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines import bounds, context, manifests, shown
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.errors import BadInput
from pipelines.fetched import opened
from pipelines.files import read_lines
from pipelines.store import ROOT
from pipelines.terminal import block, masked, safe, say

Row = dict[str, Any]
DECIDED = ("keep", "reason", "value", "bound", "also", "detail")
OUTSIDE = ("repeated_record", "takedown", "not_sampled")  # known from elsewhere than the record


def main(argv: Sequence[str] | None = None) -> int:
    """Print what becomes of the record. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.replay", description="Extract one record again.")
    parser.add_argument("shard", help="as explain names it")
    parser.add_argument("offset", type=int, help="warc_offset of the record")
    parser.add_argument("--id", help="doc_id, where several records begin at the offset")
    parser.add_argument("--text", action="store_true", help="print the main text, personal data masked")
    parser.add_argument("--json", action="store_true", help="one object per row")
    args = parser.parse_args(argv)
    set_environment(ROOT)

    def work() -> None:
        for one in replayed(context.load(), args.shard, args.offset, args.id):
            text = one.pop("text")
            if args.text and text is not None:
                one["text"] = masked(text)
            say(json.dumps(one) if args.json else _shown(one))

    return guarded("replay", work, status=False)


def replayed(ctx: Context, shard: str, offset: int, doc_id: str | None = None) -> Iterator[Row]:
    """{"doc_id", "url", "decisions", "measures", "stored", "text"} of every row that begins at the offset.

    `stored` says whether the tables on disk agree: yes, or what differs. Raises BadInput where nothing begins there.
    """
    from pipelines.sandbox import Sandbox  # these two bring the engines
    from stages.extract.members import NotAWarc
    from stages.extract.replay import replay
    from stages.extract.shard import ShardFacts

    row = _archive(ctx, shard)
    models = {name: model.path for name, model in ctx.models(("language",)).items()}
    facts = ShardFacts(shard, row["source"], Path(row["path"]).name, str(row["sha256"])[:32])
    try:
        with opened(ctx.root / row["path"], row["sha256"]) as stream, Sandbox() as read_pages:
            size = stream.seek(0, io.SEEK_END)
            if offset and not 0 < offset < size:  # nor may a stream be asked to seek there
                raise NotAWarc(f"the file has {size} bytes")
            found = replay(stream, offset, doc_id, facts, ctx.params.extract, models, read_pages)
    except NotAWarc as error:
        raise BadInput(f"{row['path']}: nothing begins at offset {offset}: {error}") from error
    looks = {one["doc_id"]: one for one in found.look.to_dicts()}
    texts = {one["doc_id"]: one for one in found.documents.to_dicts()}
    for decision in found.decisions.to_dicts():
        look, text = looks.get(decision["doc_id"]), texts.get(decision["doc_id"])
        yield _row(ctx, shard, decision, look, text)


def _archive(ctx: Context, shard: str) -> Row:
    rows: dict[str, Row] = {row["shard"]: row for row in read_lines(ctx.store.data("inputs", "warcs.jsonl"))}
    if shard not in rows:
        raise BadInput(f"{safe(shard)} is no shard of data/inputs/warcs.jsonl")
    return rows[shard]


def _row(ctx: Context, shard: str, decision: Row, look: Row | None, text: Row | None) -> Row:
    tables = {"extract": {"decisions": decision, "look": look or {}, "documents": text or {}}}
    return {
        "doc_id": decision["doc_id"],
        "url": decision["url"],
        "record_type": decision["record_type"],
        "warc_file": decision["warc_file"],
        "warc_offset": decision["warc_offset"],
        "decisions": {name: decision[name] for name in DECIDED},
        "measures": bounds.of("extract", tables, ctx.params),
        "stored": _stored(ctx, shard, decision, text),
        "text": text["text"] if text else None,
    }


def _stored(ctx: Context, shard: str, decision: Row, text: Row | None) -> str:
    """How the tables on disk compare with what came now."""
    from pipelines import lookup

    refs = {ref.table: ref for ref in manifests.refs_at(ctx.store, "extract", shard)}
    if not refs:
        return "no: the shard has not been extracted"
    offset, doc_id = decision["warc_offset"], decision["doc_id"]
    rows = lookup.rows_of(ctx.store, refs["extract/decisions"], doc_id)
    there = [row for row in rows if row["warc_offset"] == offset]  # two where a record is its own repeat
    if not there:
        return "no such row"
    if _decided(decision) not in map(_decided, there):
        (before, *_) = there
        if before["reason"] in OUTSIDE:
            return f"rejected as {before['reason']}, which the record alone does not show"
        return f"differs: the stored decision is {shown.verdict(before)}"
    old = lookup.rows_of(ctx.store, refs["extract/documents"], doc_id)
    return "yes" if [row["text"] for row in old] == ([text["text"]] if text else []) else "differs: another text"


def _decided(row: Row) -> list[Any]:
    """What was decided, and why."""
    return [row[name] for name in DECIDED]


def _shown(one: Row) -> str:
    lines = [
        safe(one["url"] or "no url"),
        f"  doc_id {one['doc_id']}, {safe(one['record_type'] or 'damaged region')}",
        f"  {safe(one['warc_file'])} at {one['warc_offset']}",
        f"  {shown.verdict(one['decisions'])}",
        *(f"    {shown.measure(found)}" for found in one["measures"]),
        f"  as stored: {safe(one['stored'])}",
    ]
    return "\n".join([*lines, block(one["text"])] if "text" in one else lines)


if __name__ == "__main__":
    sys.exit(main())
