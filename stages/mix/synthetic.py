"""Synthetic sources brought to one form: a document per row, with the provenance that can be believed.

Rows come as whatever table JSONL or Parquet gave. A provenance field that is missing or has the wrong type is null
here and a matter of decision later: no row is dropped. This module does not know which files a source has.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import polars as pl
import regex

from stages.mix.params import SourceParams
from stages.tokens import count_tokens

PROVENANCE = ("generator", "decoding", "method", "generation_depth", "licence", "reference")
MAX_DEPTH = 1_000  # a depth above it is an error of the source, not a depth
MAX_FIELD = 10_000  # characters of a provenance field; a longer one is no name, licence or reference
_CONTROL = regex.compile(r"[\p{Cc}\p{Cs}--\n\t]", flags=regex.V1)
_COLUMNS = ("id", "text", *PROVENANCE)


def read_source(
    tables: Mapping[str, pl.DataFrame], params: SourceParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """mix/raw, any columns, any types -> mix/synthetic, one row per row, in its order.

    doc_id is 32 hex digits of sha256 over the source and the row's id (string or integer), or its text where it has
    none. Text is NFC without control characters but newline and tab; what is no string, or blank, is null. `decoding`
    is canonical JSON of an object (or of a string that holds one); members that are null count as absent.
    generation_depth counts the generators between the text and people's writing: an integer of at least 1.
    """
    raw = tables["mix/raw"]
    absent = [pl.Series(name, [None] * raw.height, dtype=pl.Null) for name in _COLUMNS if name not in raw.columns]
    every = raw.with_columns(absent).select(_COLUMNS)
    rows = [_row(params.source, row) for row in every.iter_rows(named=True)]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    tokens = pl.Series(count_tokens(frame["text"].fill_null("").to_list()), dtype=pl.Int64)
    return {"mix/synthetic": frame.with_columns(n_tokens=tokens)}


_SCHEMA = {
    "doc_id": pl.String,
    "source": pl.String,
    "text": pl.String,
    "n_tokens": pl.Int64,
    "generator": pl.String,
    "decoding": pl.String,
    "method": pl.String,
    "generation_depth": pl.Int64,
    "licence": pl.String,
    "reference": pl.String,
}


def _row(source: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    text = clean(row.get("text"))
    fields = [_field(row.get(name)) for name in ("generator", "method", "licence", "reference")]
    generator, method, licence, reference = fields
    depth, decoding = _depth(row.get("generation_depth")), _decoding(row.get("decoding"))
    doc_id = document_id(source, row.get("id"), text)
    return doc_id, source, text, 0, generator, decoding, method, depth, licence, reference


def document_id(source: str, own: object, text: str | None) -> str:
    """32 hex digits of sha256 over the source and the row's own id, or its text where it has no usable id."""
    named = isinstance(own, str | int) and not isinstance(own, bool) and own != ""
    kind, value = ("id", str(own)) if named else ("text", text or "")
    return hashlib.sha256(json.dumps([source, kind, value]).encode()).hexdigest()[:32]


def clean(text: object) -> str | None:
    """NFC, line ends as newlines, no control character but newline and tab; null if no string or nothing is left."""
    if not isinstance(text, str):
        return None
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", plain) if plain.strip() else None


def _field(value: object) -> str | None:
    text = clean(value)
    return text.strip() if text is not None and len(text) <= MAX_FIELD else None


def _depth(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # Parquet and JSON readers turn an integer column with gaps into floats
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        value = int(value)  # and one with a stray text into texts
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and 1 <= value <= MAX_DEPTH else None


def _decoding(value: object) -> str | None:
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, dict):
        return None
    try:
        plain = {key: _plain(member) for key, member in value.items() if member is not None}
        text = json.dumps(plain, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return None
    return text if plain and len(text) <= MAX_FIELD else None


def _parsed(text: str) -> object:
    try:
        return json.loads(text) if len(text) <= MAX_FIELD else None
    except (ValueError, RecursionError):
        return None


def _plain(value: object) -> object:
    """1.0 and 1 are one setting: which of them a reader gives depends on the other rows of its file."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
