"""The page rules of C4 as signals. Knows no bound: those stand in params.yaml.

Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
section 2.2. C4 removes lines and then counts sentences: `sentence_count` counts in the lines that C4 would keep.
Shares of lines are null below three lines, see _parts.py.
"""

import polars as pl

from stages.quality.lines import JAVASCRIPT, POLICY, c4_lines
from stages.quality.signals import Flag, Int, Real
from stages.quality.signals._parts import lines, of_lines, spaced

# A sentence ends where a mark, and quotes or brackets behind it, is followed by white space or the end.
_SENTENCE_END = r"""[.!?…][.!?…"'”’»)\]]*(?:\s|$)|[。！？]"""


def sentence_count() -> Int:
    """Sentences in the lines that C4 keeps, null where words are not set apart by spaces. Section 2.2: at least 3."""
    return spaced(c4_lines().str.count_matches(_SENTENCE_END).cast(pl.Int64))


def lorem_ipsum() -> Flag:
    """Whether the text has "lorem ipsum" in it. Section 2.2: such pages are removed."""
    return pl.col("text").str.contains(r"(?i)lorem\s+ipsum")


def curly_bracket() -> Flag:
    """Whether the text has a curly bracket, the mark of source code. Section 2.2: such pages are removed."""
    return pl.col("text").str.contains_any(["{", "}"])


def javascript_line_share() -> Real:
    """Share of the lines that name JavaScript. Section 2.2 removes such lines."""
    return of_lines(lines(JAVASCRIPT))


def policy_line_share() -> Real:
    """Share of the lines about terms of use, privacy or cookies, in English words. Section 2.2 removes such lines."""
    return of_lines(lines(POLICY))
