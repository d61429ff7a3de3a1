"""The quality and repetition signals of Gopher. Knows no bound: those stand in params.yaml.

Source: Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from Training Gopher", appendix A.1.1
(quality) and table A1 (repetition). A word is a run of characters without white space, except where a token (UAX-29
word) serves as well and holds for every script. Shares lie in [0, 1]; undefined is null, and so
are shares of fewer than three lines, see _parts.py.
"""

import polars as pl

from stages.quality.signals import Int, Real
from stages.quality.signals._parts import count, english, of_lines, ratio, spaced
from stages.quality.signals._repetition import DTYPE, repetition

SHARED = (pl.col("text").map_batches(repetition, return_dtype=DTYPE, is_elementwise=True).alias("_repeats"),)

_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")


def _shared(name: str) -> pl.Expr:
    return pl.col("_repeats").struct.field(name)


def _repeated(name: str) -> pl.Expr:
    return spaced(_shared(name))


def word_count() -> Int:
    """Tokens of the document. A.1.1: between 50 and 100,000 words."""
    return pl.col("n_tokens")


def mean_word_length() -> Real:
    """Code points per word, null where words are not set apart by spaces. A.1.1: between 3 and 10."""
    return spaced(ratio(_shared("word_chars"), _shared("words")))


def symbol_word_ratio() -> Real:
    """Hash signs or ellipses per token, whichever is more. A.1.1: at most 0.1."""
    symbols = pl.max_horizontal(count("#"), count(r"\.\.\.|…"))
    return ratio(symbols, pl.col("n_tokens"))


def bullet_line_share() -> Real:
    """Share of the lines that open with a bullet. A.1.1: at most 0.9."""
    return of_lines(count(r"(?m)^[^\S\n]*(?:[•‣▶◀◦■□▪▫●○*]|[-–—][^\S\n])"))


def ellipsis_line_share() -> Real:
    """Share of the lines that end with an ellipsis. A.1.1: at most 0.3."""
    return of_lines(count(r"(?m)(?:\.\.\.|…)[^\S\n]*$"))


def alphabetic_word_share() -> Real:
    """Share of the words with a letter in them, null where words are not set apart by spaces. A.1.1: at least 0.8."""
    return spaced(ratio(count(r"[^\s\p{L}]*\p{L}\S*"), _shared("words")))


def stop_word_count() -> Int:
    """How many of the, be, to, of, and, that, have, with occur, 0 to 8; null unless English. A.1.1: at least 2."""
    found = [pl.col("text").str.contains(rf"(?i)(?-u:\b){word}(?-u:\b)").cast(pl.Int64) for word in _STOP_WORDS]
    return english(pl.sum_horizontal(found))


def duplicate_line_share() -> Real:
    """Share of the lines that stand further up already. Table A1: at most 0.30."""
    return _shared("duplicate_line_share")


def duplicate_line_char_share() -> Real:
    """Share of the characters in such lines. Table A1: at most 0.20."""
    return _shared("duplicate_line_char_share")


def duplicate_paragraph_share() -> Real:
    """Share of the paragraphs (set apart by blank lines) that stand further up already. Table A1: at most 0.30."""
    return _shared("duplicate_paragraph_share")


def duplicate_paragraph_char_share() -> Real:
    """Share of the characters in such paragraphs. Table A1: at most 0.20."""
    return _shared("duplicate_paragraph_char_share")


def top_2gram_share() -> Real:
    """Share of the words' characters in the most frequent pair of words. Table A1: at most 0.20."""
    return _repeated("top_2gram_share")


def top_3gram_share() -> Real:
    """Share in the most frequent run of three words. Table A1: at most 0.18."""
    return _repeated("top_3gram_share")


def top_4gram_share() -> Real:
    """Share in the most frequent run of four words. Table A1: at most 0.16."""
    return _repeated("top_4gram_share")


def duplicate_5gram_share() -> Real:
    """Share of the words' characters in runs of five words that came before. Table A1: at most 0.15."""
    return _repeated("duplicate_5gram_share")


def duplicate_6gram_share() -> Real:
    """Share in repeated runs of six words. Table A1: at most 0.14."""
    return _repeated("duplicate_6gram_share")


def duplicate_7gram_share() -> Real:
    """Share in repeated runs of seven words. Table A1: at most 0.13."""
    return _repeated("duplicate_7gram_share")


def duplicate_8gram_share() -> Real:
    """Share in repeated runs of eight words. Table A1: at most 0.12."""
    return _repeated("duplicate_8gram_share")


def duplicate_9gram_share() -> Real:
    """Share in repeated runs of nine words. Table A1: at most 0.11."""
    return _repeated("duplicate_9gram_share")


def duplicate_10gram_share() -> Real:
    """Share in repeated runs of ten words. Table A1: at most 0.10."""
    return _repeated("duplicate_10gram_share")
