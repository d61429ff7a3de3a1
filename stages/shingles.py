"""Words and word n-grams as 64-bit hashes, straight from the bytes of the text.

A text is read as words: runs of letters and digits with their combining marks, lower-cased code point by code point;
everything else (punctuation, symbols, white space, control characters) separates. A letter of a script written without
spaces (Han, kana, Thai, Lao, Burmese, Khmer, Tai) is a word of its own. The *normalised text* is these words joined by
single spaces, in UTF-8. Input is expected in NFC; no Unicode normalisation happens here. Classes and cases come from
the Unicode tables of the running Python.

An n-gram's hash is a polynomial over the words' hashes (FNV-1a over the bytes, finalised), taken modulo 2^64 and
finalised again: one multiplication per byte and two per word, whatever n is. What this module does not know: what the
hashes are for, and any seed; equal words always give equal hashes.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from stages.hash_sets import Hashes as Hashes
from stages.hash_sets import Ints as Ints
from stages.hash_sets import sort_distinct

Bytes = NDArray[np.uint8]
Codes = NDArray[np.uint32]
Int = int | np.int64

BATCH_BYTES = 1 << 22  # text normalised at once; a longer document makes a batch of its own
_TABLE_SIZE = 0x20000  # code points beyond these two planes are Han, and beyond _HAN_END no letters at all
_HAN_END = 0x40000
_VARIANTS = 0xE0100, 0xE01EF  # marks that choose the form of the letter before them
_SEPARATOR, _WORD, _SINGLE, _MARK = 0, 1, 2, 3
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x30FF),  # radicals, CJK marks, Hiragana, Katakana
    (0x3100, 0x312F),  # Bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x9FFF),
    (0xAA80, 0xAADF),  # Tai Viet
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # half-width Katakana
)
_FNV_START, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no factor is lost modulo 2^64


@dataclass(frozen=True)
class Normalised:
    """Normalised texts end to end: text i is data[bounds[i]:bounds[i + 1]], UTF-8."""

    data: Bytes
    bounds: Ints


def normalise(texts: pl.Series) -> Iterator[Normalised]:
    """The normalised form of every text, in batches of about BATCH_BYTES, in order. A null reads as an empty text."""
    data, bounds = _buffers(texts)
    lower, kinds = _classes()
    ascii_ = np.where(kinds[:128] == _WORD, lower[:128], 32).astype(np.uint8)
    start = 0
    while start < len(texts):
        end = _batch_end(bounds, start)
        out = np.empty(2 * int(bounds[end] - bounds[start]) + 1, dtype=np.uint8)
        ends = np.zeros(end - start + 1, dtype=np.int64)
        _normalise(data, bounds[start : end + 1], lower, kinds, ascii_, out, ends)
        yield Normalised(out[: ends[-1]], ends)
        start = end


def shingle_sets(texts: pl.Series, n: int) -> list[Hashes]:
    """The set of word n-grams of every text: hashes, sorted, distinct.

    A text of fewer than n words has one shingle, made of all of them; a text without words has none.
    """
    return _split(*flat_sets(texts, n))


def flat_words(texts: pl.Series) -> tuple[Hashes, Ints]:
    """The hash of every word of every text, in order: those of text i are values[bounds[i]:bounds[i + 1]]."""
    values, bounds = [np.empty(0, dtype=np.uint64)], [np.zeros(1, dtype=np.int64)]
    for batch in normalise(texts):
        hashes, ends = shingles(batch, 1, short=True)
        values.append(hashes)
        bounds.append(ends[1:] + bounds[-1][-1])
    return np.concatenate(values), np.concatenate(bounds)


def flat_sets(texts: pl.Series, n: int) -> tuple[Hashes, Ints]:
    """The sets of `shingle_sets` end to end: that of text i is values[bounds[i]:bounds[i + 1]]."""
    values, bounds = [np.empty(0, dtype=np.uint64)], [np.zeros(1, dtype=np.int64)]
    for batch in normalise(texts):
        hashes, ends = shingles(batch, n, short=True)
        sort_distinct(hashes, ends)
        values.append(hashes[: ends[-1]])
        bounds.append(ends[1:] + bounds[-1][-1])
    return np.concatenate(values), np.concatenate(bounds)


def ngrams(texts: pl.Series, n: int) -> Iterator[Hashes]:
    """The hashes of all word n-grams of the texts, with repeats, a batch at a time. Texts shorter than n have none."""
    for batch in normalise(texts):
        yield shingles(batch, n, short=False)[0]


def shingles(batch: Normalised, n: int, *, short: bool) -> tuple[Hashes, Ints]:
    """All n-gram hashes of a batch and the bounds of each text's part. `short`: a shorter one has one, of all words."""
    hashes = np.empty(len(batch.data) // 2 + len(batch.bounds), dtype=np.uint64)
    bounds = np.zeros(len(batch.bounds), dtype=np.int64)
    _shingles(batch.data, batch.bounds, n, short, hashes, bounds)
    return hashes[: bounds[-1]], bounds


def jaccard(a: Hashes, b: Hashes) -> tuple[int, int]:
    """Sizes of the intersection and the union of two sorted sets of hashes."""
    both = int(intersection(a, b))
    return both, len(a) + len(b) - both


def _split(hashes: Hashes, bounds: Ints) -> list[Hashes]:
    return [hashes[bounds[i] : bounds[i + 1]] for i in range(len(bounds) - 1)]


def _buffers(texts: pl.Series) -> tuple[Bytes, Ints]:
    """The bytes of all texts end to end and the bounds of each, without a copy of the text where Arrow allows it."""
    array: Any = texts.fill_null("").to_frame("text").select(pl.col("text").cast(pl.String)).rechunk()["text"]
    arrow = array.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, values = arrow.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[arrow.offset : arrow.offset + len(texts) + 1]
    data = np.frombuffer(values, dtype=np.uint8) if values is not None else np.empty(0, dtype=np.uint8)
    return data, bounds


def _batch_end(bounds: Ints, start: int) -> int:
    end = int(np.searchsorted(bounds, bounds[start] + BATCH_BYTES, side="right")) - 1
    return max(start + 1, min(end, len(bounds) - 1))


@cache
def _classes() -> tuple[Codes, Bytes]:
    """Lower case and class of every code point of the first two planes."""
    kinds = np.array([_kind(unicodedata.category(chr(c))) for c in range(_TABLE_SIZE)], dtype=np.uint8)
    lower = np.array([_lower(c) for c in range(_TABLE_SIZE)], dtype=np.uint32)
    for first, last in _UNSPACED:
        part = kinds[first : last + 1]
        part[part == _WORD] = _SINGLE
    return lower, kinds


def _kind(category: str) -> int:
    return {"L": _WORD, "N": _WORD, "M": _MARK}.get(category[0], _SEPARATOR)


def _lower(code: int) -> int:
    """Its lower case; where that has several code points, the first."""
    return ord(chr(code).lower()[0])


@njit(cache=True, inline="always")
def mix64(h: np.uint64) -> np.uint64:
    """Finaliser of MurmurHash3: every input bit moves every output bit."""
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@njit(cache=True)
def intersection(a: Hashes, b: Hashes) -> int:
    """Number of common values of two sorted arrays of distinct values."""
    i = j = both = 0
    while i < len(a) and j < len(b):
        x, y = a[i], b[j]
        both += x == y
        i += x <= y
        j += y <= x
    return both


@njit(cache=True)
def _decode(data: Bytes, i: Int) -> tuple[Int, Int]:
    """The code point that starts at byte i of valid UTF-8 and is no ASCII, and the index after it."""
    b = np.int64(data[i])
    length = 2 + (b >= 0xE0) + (b >= 0xF0)
    code = b & (0x7F >> length)
    for k in range(1, length):
        code = (code << 6) | (np.int64(data[i + k]) & 0x3F)
    return code, i + length


@njit(cache=True)
def _encode(out: Bytes, at: Int, code: Int) -> Int:
    """Write one code point at `at` as UTF-8; the index after it."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at], out[at + 1] = 0xC0 | (code >> 6), 0x80 | (code & 0x3F)
        return at + 2
    if code < 0x10000:
        out[at], out[at + 1], out[at + 2] = 0xE0 | (code >> 12), 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
        return at + 3
    out[at], out[at + 1] = 0xF0 | (code >> 18), 0x80 | ((code >> 12) & 0x3F)
    out[at + 2], out[at + 3] = 0x80 | ((code >> 6) & 0x3F), 0x80 | (code & 0x3F)
    return at + 4


@njit(cache=True)
def _normalise(data: Bytes, bounds: Ints, lower: Codes, kinds: Bytes, ascii_: Bytes, out: Bytes, ends: Ints) -> None:
    """`out` needs two bytes per byte of input: a letter of an unspaced script brings spaces of its own."""
    at: Int = 0
    for d in range(len(bounds) - 1):
        i, end, start, last = bounds[d], bounds[d + 1], at, np.uint8(32)
        while i < end:
            while i < end and data[i] < 0x80:  # without a branch per byte: a second space is overwritten
                byte = ascii_[data[i]]
                out[at] = byte
                at += (byte != 32) | (last != 32)
                last = byte
                i += 1
            if i < end:
                code, i = _decode(data, i)
                i, at = _place(data, i, end, code, lower, kinds, out, at, last != 32)
                last = out[at - 1] if at > start else np.uint8(32)
        ends[d + 1] = at = at - (at > start and last == 32)


@njit(cache=True)
def _class(kinds: Bytes, code: Int) -> Int:
    """The class of a code point of any plane; `kinds` has those of the first two."""
    if code < _TABLE_SIZE:
        return np.int64(kinds[code])
    if code < _HAN_END:
        return _SINGLE
    return _MARK if _VARIANTS[0] <= code <= _VARIANTS[1] else _SEPARATOR


@njit(cache=True)
def _place(
    data: Bytes, i: Int, end: Int, code: Int, lower: Codes, kinds: Bytes, out: Bytes, at: Int, in_word: bool
) -> tuple[Int, Int]:
    """Write one code point beyond ASCII (and, after a letter that is a word of its own, its marks): new i and at."""
    kind = _class(kinds, code)
    if in_word and kind in (_SEPARATOR, _SINGLE):
        out[at] = 32
        at += 1
    if kind == _WORD or (kind == _MARK and in_word):
        return i, _encode(out, at, np.int64(lower[code]) if code < _TABLE_SIZE else code)
    if kind == _SINGLE:
        at = _encode(out, at, code)
        while i < end and data[i] >= 0x80:
            code, after = _decode(data, i)
            if _class(kinds, code) != _MARK:
                break
            i, at = after, _encode(out, at, code)
        out[at] = 32
        at += 1
    return i, at


@njit(cache=True)
def _shingles(data: Bytes, bounds: Ints, n: int, short: bool, out: Hashes, out_bounds: Ints) -> None:
    power = np.uint64(1)
    for _ in range(n):
        power *= _BASE
    words, at = np.zeros(n, dtype=np.uint64), 0
    for d in range(len(bounds) - 1):
        i, end, slot, count, gram = bounds[d], bounds[d + 1], 0, 0, np.uint64(0)
        words[:] = 0
        while i < end:
            word = _FNV_START
            while i < end and data[i] != 32:
                word = (word ^ np.uint64(data[i])) * _FNV_PRIME
                i += 1
            i += 1
            value = mix64(word)
            gram = gram * _BASE + value - words[slot] * power
            words[slot] = value
            slot = slot + 1 if slot + 1 < n else 0
            count += 1
            if count >= n:
                out[at] = mix64(gram)
                at += 1
        if short and 0 < count < n:
            out[at] = mix64(gram)
            at += 1
        out_bounds[d + 1] = at
