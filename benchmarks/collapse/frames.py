"""Window texts as the gate reads them: a real window knows its chapter and place, a written one is its own document.

Knows the corpora's windows by their text, and nothing of families or of what is judged.
"""

from collections.abc import Sequence
from functools import cache

import polars as pl
from materials import CHAPTER, Window, domain

from stages.mix.windows import document_hash

SCHEMA = {
    "domain": pl.String,
    "position": pl.String,
    "language": pl.String,
    "doc_id": pl.String,
    "key": pl.UInt64,
    "text": pl.String,
}


def frame(texts: Sequence[str], declared: str, origin: str = "") -> pl.DataFrame:
    """Windows of the domain `declared`; their documents are looked up in `origin` (that domain, unless another one)."""
    known = places(origin or declared)
    rows = [_row(i, text, declared, known.get(text)) for i, text in enumerate(texts)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _row(i: int, text: str, declared: str, found: Window | None) -> tuple[str, str, str, str, int, str]:
    position = "head" if found is not None and found.position == 0 else "body"
    document = f"written {i}" if found is None else f"{found.document} {found.position // CHAPTER}"
    return declared, position, "en", document, document_hash(f"{i} {text}"), text


@cache
def places(name: str) -> dict[str, Window]:
    """A domain's windows by their text."""
    return {w.text: w for w in domain(name)}
