"""Repetition inside one document: lines, paragraphs and word n-grams that come again. Not a family; knows no bound.

Words are runs of characters that are not white space. Equality is equality of 64-bit hashes. Tables are probed a
bounded number of times, so that a page made of colliding words costs no more than another.
"""

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

TOP = (2, 3, 4)
DUPLICATE = (5, 6, 7, 8, 9, 10)
COLUMNS = (
    "words",
    "word_chars",
    "duplicate_line_share",
    "duplicate_line_char_share",
    "duplicate_paragraph_share",
    "duplicate_paragraph_char_share",
    *(f"top_{n}gram_share" for n in TOP),
    *(f"duplicate_{n}gram_share" for n in DUPLICATE),
)
DTYPE = pl.Struct(dict.fromkeys(COLUMNS, pl.Float64))
_PROBES = 64
_NEWLINE = 10

Hashes = NDArray[np.uint64]
Lengths = NDArray[np.int64]


def repetition(texts: pl.Series) -> pl.Series:
    """Measure every column of COLUMNS for each text, as a struct; a share is null where the text has no such unit."""
    rows = np.empty((len(texts), len(COLUMNS)))
    for i, text in enumerate(texts):
        _measure(np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32), rows[i])
    frame = pl.DataFrame(rows, schema=list(COLUMNS), orient="row").with_columns(pl.all().fill_nan(None))
    return frame.to_struct(texts.name)


@numba.njit(cache=True)
def _measure(points: NDArray[np.uint32], row: NDArray[np.float64]) -> None:
    hashes, lengths = _lines(points)
    row[2], row[3] = _repeats(hashes, lengths)
    hashes, lengths = _paragraphs(hashes, lengths)
    row[4], row[5] = _repeats(hashes, lengths)
    hashes, lengths = _words(points)
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    row[0], row[1] = len(lengths), ends[-1]
    for at, n in enumerate(TOP):
        row[6 + at] = _top(_grams(hashes, n), ends, n)
    for at, n in enumerate(DUPLICATE):
        row[9 + at] = _duplicate(_grams(hashes, n), ends, n)


@numba.njit(cache=True)
def _is_space(c: int) -> bool:
    """White_Space of Unicode."""
    if c < 0x80:
        return c == 32 or 9 <= c <= 13
    return c in (0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000) or 0x2000 <= c <= 0x200A


@numba.njit(cache=True)
def _mix(h: np.uint64, value: np.uint64) -> np.uint64:
    h = (h ^ value) * np.uint64(0x9E3779B97F4A7C15)
    return h ^ (h >> np.uint64(29))


@numba.njit(cache=True)
def _words(points: NDArray[np.uint32]) -> tuple[Hashes, Lengths]:
    """Hash and length (code points) of each word."""
    hashes = np.empty(len(points) // 2 + 1, np.uint64)
    lengths = np.empty(len(hashes), np.int64)
    n, length, h = 0, 0, np.uint64(1)
    for c in points:
        if not _is_space(c):
            h, length = _mix(h, np.uint64(c)), length + 1
        elif length:
            hashes[n], lengths[n] = h, length
            n, length, h = n + 1, 0, np.uint64(1)
    if length:
        hashes[n], lengths[n] = h, length
        n += 1
    return hashes[:n], lengths[:n]


@numba.njit(cache=True)
def _lines(points: NDArray[np.uint32]) -> tuple[Hashes, Lengths]:
    """Hash and length of each line less the white space around it; a blank line has length 0."""
    n = 1
    for c in points:
        n += c == _NEWLINE
    hashes, lengths = np.ones(n, np.uint64), np.zeros(n, np.int64)
    at, blanks = 0, 0
    for c in points:
        if c == _NEWLINE:
            at, blanks = at + 1, 0
        elif _is_space(c):
            blanks += 1
        else:
            if lengths[at]:
                lengths[at] += blanks
                hashes[at] = _mix(hashes[at], np.uint64(blanks) << np.uint64(32))
            hashes[at], blanks = _mix(hashes[at], np.uint64(c)), 0
            lengths[at] += 1
    return hashes, lengths


@numba.njit(cache=True)
def _paragraphs(hashes: Hashes, lengths: Lengths) -> tuple[Hashes, Lengths]:
    """Hash and length of each run of lines that no blank line breaks."""
    out, sizes = np.ones(len(hashes), np.uint64), np.zeros(len(hashes), np.int64)
    n, inside = -1, False
    for h, length in zip(hashes, lengths):
        if length and not inside:
            n += 1
        inside = length > 0
        if inside:
            out[n] = _mix(out[n], h)
            sizes[n] += length
    return out[: n + 1], sizes[: n + 1]


@numba.njit(cache=True)
def _grams(hashes: Hashes, n: int) -> Hashes:
    """Hash of each run of `n` words."""
    out = np.ones(max(0, len(hashes) - n + 1), np.uint64)
    for i in range(len(out)):
        h = np.uint64(n)
        for k in range(n):
            h = _mix(h, hashes[i + k])
        out[i] = h
    return out


@numba.njit(cache=True)
def _slot(table: Hashes, h: np.uint64) -> np.int64:
    """Where `h` stands or may stand in `table`, -1 where too many others are in the way."""
    mask = np.uint64(len(table) - 1)
    at = (h ^ (h >> np.uint64(32))) & mask
    for _ in range(_PROBES):
        if table[at] == h or not table[at]:
            return np.int64(at)
        at = (at + np.uint64(1)) & mask
    return np.int64(-1)


@numba.njit(cache=True)
def _table(n: int) -> Hashes:
    size = 16
    while size < 2 * n:
        size *= 2
    return np.zeros(size, np.uint64)


@numba.njit(cache=True)
def _repeats(hashes: Hashes, lengths: Lengths) -> tuple[float, float]:
    """Share of the items, and of their characters, that stand further up already. Items of length 0 are none."""
    table = _table(len(hashes))
    items, again, chars, chars_again = 0, 0, 0, 0
    for h, length in zip(hashes, lengths):
        if not length:
            continue
        items, chars = items + 1, chars + length
        at = _slot(table, h)
        if at >= 0 and table[at] == h:
            again, chars_again = again + 1, chars_again + length
        elif at >= 0:
            table[at] = h
    return (again / items, chars_again / chars) if items else (np.nan, np.nan)


@numba.njit(cache=True)
def _top(grams: Hashes, ends: Lengths, n: int) -> float:
    """Share of the words' characters in the n-gram that comes most often, 0 where none comes twice, at most 1.

    Of several that come equally often the longest counts, so that their order is irrelevant.
    """
    table = _table(len(grams))
    counts = np.zeros(len(table), np.int64)
    best, longest = 1, 0
    for i, h in enumerate(grams):
        at = _slot(table, h)
        if at < 0:
            continue
        table[at] = h
        counts[at] += 1
        length = ends[i + n] - ends[i]
        if counts[at] > best or (counts[at] == best > 1 and length > longest):
            best, longest = counts[at], length
    return min(1.0, best * longest / ends[-1]) if len(grams) else np.nan


@numba.njit(cache=True)
def _duplicate(grams: Hashes, ends: Lengths, n: int) -> float:
    """Share of the words' characters inside an n-gram that stands further up already, each character once."""
    table = _table(len(grams))
    covered, until = 0, 0
    for i, h in enumerate(grams):
        at = _slot(table, h)
        if at >= 0 and table[at] == h:
            covered += ends[i + n] - ends[max(i, until)]
            until = i + n
        elif at >= 0:
            table[at] = h
    return covered / ends[-1] if len(grams) else np.nan
