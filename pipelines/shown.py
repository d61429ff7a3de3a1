"""What explain found, as lines for a terminal: everything that a page or its server made goes through `safe`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.terminal import safe

Row = Mapping[str, Any]
MOST_EDITS = 20


def as_text(one: Row) -> str:
    """One record's way: a head, then per stage its decision, its measures beside their bounds, and its edits."""
    lines = [safe(one["url"] or "no url"), *_head(one)]
    for stage, found in one["stages"].items():
        lines += _stage(stage, found, one["twin"])
    return "\n".join([*lines, f"  {one['end']}"])


def _head(one: Row) -> Iterator[str]:
    yield f"  doc_id {one['doc_id']}, {safe(one['record_type'] or 'damaged region')}, shard {safe(one['shard'])}"
    if "replay" in one:
        yield f"  {safe(one['warc_file'])} at {one['warc_offset']}, again: {safe(one['replay'])}"


def _stage(stage: str, found: Row, twin: Row | None) -> Iterator[str]:
    if "STALE" in found:
        yield f"  {stage:<9} STALE: {found['STALE']}"
    if "decisions" not in found:
        yield f"  {stage:<9} no decision: what was measured about a document that had left"
    else:
        yield f"  {stage:<9} {verdict(found['decisions'])}"
        if twin and found["decisions"]["related_doc_id"]:
            yield _indent(_twin(twin))
    yield from (_indent(line) for line in map(measure, found["measures"]) if line)
    if "edits" in found:
        yield _indent(_edits(found["edits"]))


def _indent(line: str) -> str:
    return " " * 12 + line


def verdict(row: Row) -> str:
    """A decision in a line: the reason, the value and its bound, and what else would have failed."""
    if row["keep"]:
        return "kept"
    held = f": {_number(row['value'])}" if row["value"] is not None else ""
    held += f" against {_number(row['bound'])}" if row["bound"] is not None else ""
    detail = f" ({safe(row['detail'])})" if row["detail"] else ""
    also = f"; also {', '.join(row['also'])}" if row["also"] else ""
    return f"REJECTED {row['reason']}{held}{detail}{also}"


def _twin(twin: Row) -> str:
    at = f", similarity {_number(twin['similarity'])}" if twin.get("similarity") is not None else ""
    where = f" in shard {safe(twin['shard'])}" if twin["shard"] else ""
    return f"kept twin {twin['doc_id']}{where}{at}: {safe(twin['url'] or 'not among the records')}"


def measure(found: Row) -> str:
    """`name value [min, max]`, marked where the value lies outside; nothing where there is neither."""
    value, low, high, allowed = (found[k] for k in ("value", "min", "max", "allowed"))
    if allowed is not None:
        bad, bound = value is not None and value not in allowed, f"  of {', '.join(map(str, allowed))}"
    else:
        bad = value is not None and ((low is not None and value < low) or (high is not None and value > high))
        bound = f"  [{_number(low)}, {_number(high)}]" if low is not None or high is not None else ""
    return f"{found['name']} {_number(value)}{bound}{'  <- outside' if bad else ''}"


def _edits(rows: Sequence[Row]) -> str:
    """Kinds and spans in code points of extract's text, never what stands there."""
    spans = [f"{safe(row['kind'])} {row['start']}-{row['end']}" for row in rows[:MOST_EDITS]]
    more = f", and {len(rows) - MOST_EDITS} more" if len(rows) > MOST_EDITS else ""
    return f"{len(rows)} edits: {', '.join(spans)}{more}"


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else safe(value)
