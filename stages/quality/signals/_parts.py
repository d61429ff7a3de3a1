"""What several signals count: lines, and who writes with spaces. Not a family; knows no bound."""

import polars as pl

# Scripts that set no space between words, as the language model names their languages. Signals that count words by
# their spaces are undefined there.
UNSPACED = ("bo", "dz", "ja", "km", "lo", "my", "th", "wuu", "yue", "zh")
MIN_LINES = 3


def spaced(signal: pl.Expr) -> pl.Expr:
    """`signal` where the document's language sets spaces between words (or is unknown), else null."""
    return pl.when(pl.col("language").is_in(UNSPACED).fill_null(False).not_()).then(signal)


def english(signal: pl.Expr) -> pl.Expr:
    """`signal` where the document is in English, else null."""
    return pl.when(pl.col("language") == "en").then(signal)


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part` / `whole`, null where `whole` is 0."""
    return pl.when(whole > 0).then(part / whole)


def line_count() -> pl.Expr:
    """Lines that hold more than white space."""
    return count(r"(?m)^[^\S\n]*\S")


def of_lines(part: pl.Expr) -> pl.Expr:
    """`part` as a share of the lines, null below three lines: there the one line that ends a text decides alone."""
    return pl.when(line_count() >= MIN_LINES).then(part / line_count())


def lines(pattern: str) -> pl.Expr:
    """Lines that match `pattern` (a regular expression without anchors that matches within one line)."""
    return count(rf"(?m)^[^\n]*?(?:{pattern})[^\n]*$")


def count(pattern: str) -> pl.Expr:
    """Matches of `pattern` in the text. The engine is linear in the text, whatever the pattern."""
    return pl.col("text").str.count_matches(pattern).cast(pl.Int64)
