"""Edits: spans of a document's text to remove or replace, and the only code that applies them.

A span is [start, end) in code points of extract's text. Deletions (replacement null or "") go first: a replacement
that lies inside a deletion vanishes with it, and one that a deletion cuts keeps what is left of its span. Overlapping
replacements become their union, which takes the replacement of the one that starts first (then the longest, then the
smallest text). The order of the rows is irrelevant.
"""

from bisect import bisect_right
from collections.abc import Iterable

import polars as pl

Span = tuple[int, int, str]


def apply(text: str, edits: Iterable[tuple[int, int, str | None]]) -> str:
    """Apply `edits` (start, end, replacement) to `text`. Spans are clipped to the text; empty ones do nothing."""
    spans = [(max(0, s), min(len(text), e), r or "") for s, e, r in edits]
    gone = _union([s for s in spans if not s[2]])
    ends = [end for _, end, _ in gone]
    kept = [cut for span in _union([s for s in spans if s[2]]) for cut in _subtract(span, gone, ends)]
    out, at = [], 0
    for start, end, replacement in sorted([*gone, *kept]):
        out += [text[at:start], replacement]
        at = end
    return "".join([*out, text[at:]])


def _union(spans: Iterable[Span]) -> list[Span]:
    """Merge overlapping spans; touching ones stay apart, so that two neighbours keep both replacements."""
    out: list[Span] = []
    for start, end, replacement in sorted((s for s in spans if s[0] < s[1]), key=lambda s: (s[0], -s[1], s[2])):
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end), out[-1][2])
        else:
            out.append((start, end, replacement))
    return out


def _subtract(span: Span, gone: list[Span], ends: list[int]) -> list[Span]:
    """What is left of a replacement beside the deletions: its first remaining piece takes the text, later ones go.

    `gone` is sorted and disjoint, `ends` are its ends: only deletions that overlap the span are looked at.
    """
    pieces, at = [], span[0]
    for n in range(bisect_right(ends, at), len(gone)):
        start, end, _ = gone[n]
        if start >= span[1]:
            break
        pieces.append((at, start))
        at = end
    left = [(s, e) for s, e in [*pieces, (at, span[1])] if s < e]
    return [(s, e, span[2] if i == 0 else "") for i, (s, e) in enumerate(left)]


def apply_table(documents: pl.DataFrame, *edits: pl.DataFrame) -> pl.DataFrame:
    """`documents` (doc_id, text, …) with every edit of the given tables applied to its text; the rest untouched."""
    rows = pl.concat([e.select("doc_id", "start", "end", "replacement") for e in edits]) if edits else None
    if rows is None or rows.is_empty():
        return documents
    by_doc: dict[str, list[tuple[int, int, str | None]]] = {}
    for doc_id, start, end, replacement in rows.iter_rows():
        by_doc.setdefault(doc_id, []).append((start, end, replacement))
    texts = [
        apply(text, by_doc[doc_id]) if doc_id in by_doc else text
        for doc_id, text in documents.select("doc_id", "text").iter_rows()
    ]
    return documents.with_columns(pl.Series("text", texts, dtype=pl.String))
