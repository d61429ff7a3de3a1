"""Line rules: which lines of a text C4 removes, as patterns and as edits. Does not know which rules are switched on.

Source: Raffel et al. 2020, section 2.2. Every pattern matches inside one line and is linear in the text.
"""

from collections.abc import Mapping, Sequence

import polars as pl

JAVASCRIPT = r"(?i:javascript)"
POLICY = r"(?i:terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies)"
LOREM = r"(?i:lorem ipsum)"
UNFINISHED = r"""[^.!?"'”’»…。！？\s][^\S\n]*$"""
SHORT = r"^[^\S\n]*(?:\S+[^\S\n]+){0,3}\S+[^\S\n]*$"

EMPTY = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "replacement": pl.String, "kind": pl.String}

RULES: Mapping[str, str] = {
    "javascript": JAVASCRIPT,  # names JavaScript
    "policy": POLICY,  # is about terms of use, privacy or cookies
    "lorem": LOREM,
    "no_terminal_mark": UNFINISHED,  # does not end like a sentence
    "short": SHORT,  # has fewer than five words
}


def c4_lines() -> pl.Expr:
    """The text less every line that C4 removes."""
    pattern = "|".join(f"(?:{RULES[name]})" for name in ("javascript", "policy", "no_terminal_mark", "short"))
    return pl.col("text").str.replace_all(_whole(pattern), "")


def edits(documents: pl.DataFrame, rules: Sequence[str]) -> pl.DataFrame:
    """Mark the lines that any of `rules` removes, as rows of schemas.EDITS, by document and offset.

    `documents` has doc_id and text. A span takes the line and the line break behind it; its kind is the first rule of
    `rules` that matches the line. Offsets are code points.
    """
    if not rules:
        return pl.DataFrame(schema=EMPTY)
    matched = [pl.when(pl.col("line").str.contains(f"(?m){RULES[r]}")).then(pl.lit(r)) for r in rules]
    length = pl.col("line").str.len_chars().cast(pl.Int64)
    lines = (
        documents.filter(pl.col("text").str.contains("|".join(_whole(RULES[r]) for r in rules)))
        .select("doc_id", pl.col("text").str.split("\n").alias("line"))
        .explode("line")
        .with_columns(length=length + 1, kind=pl.coalesce(matched))
        .with_columns(end=pl.col("length").cum_sum().over("doc_id"))
    )
    last = pl.col("length").sum().over("doc_id") - 1  # no break stands behind the last line
    spans = lines.with_columns(
        start=pl.col("end") - pl.col("length"), end=pl.min_horizontal("end", last), replacement=pl.lit(None, pl.String)
    )
    return spans.filter(pl.col("kind").is_not_null()).select(EMPTY.keys())


def _whole(pattern: str) -> str:
    """A whole line that matches, with its line break."""
    return rf"(?m)^[^\n]*?(?:{pattern})[^\n]*$\n?"
