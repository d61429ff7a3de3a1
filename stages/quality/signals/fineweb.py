"""The signals that FineWeb adds to those of C4 and Gopher. Knows no bound: those stand in params.yaml.

Source: Penedo et al. 2024, "The FineWeb Datasets", section 3.6 (custom filters). Shares of lines are null below
three lines, see _parts.py.
"""

import polars as pl

from stages.quality.signals import Real
from stages.quality.signals._parts import count, of_lines, ratio


def terminal_punctuation_share() -> Real:
    """Share of the lines that end with a terminal mark, a closing quote or bracket aside. Section 3.6: above 0.12."""
    return of_lines(count(r"""(?m)[.!?…。！？؟۔।]["'”’»)\]」』]*[^\S\n]*$"""))


def short_line_share() -> Real:
    """Share of the lines with fewer than 30 characters. Section 3.6: below 0.67."""
    return of_lines(count(r"(?m)^[^\S\n]*\S(?:[^\n]{0,28})$"))


def newline_word_ratio() -> Real:
    """Line breaks per token; lists have many. The filter published with the paper holds it below 0.3."""
    return ratio(count("\n"), pl.col("n_tokens"))
