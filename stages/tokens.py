"""Tokens: how long a text is. One kernel over code points, and its slow reference.

A token is a word of Unicode Standard Annex 29 that holds a letter or a digit (general category L or N). Han, Hiragana
and Katakana characters count one each: the annex already splits the first two, and Katakana is tailored to follow
them. Hangul syllables join into words as Latin letters do. Thai, Lao, Khmer and Burmese letters count one each, since
the annex has no dictionary. The module does not know what is counted or why.
"""

from collections.abc import Sequence
from functools import cache

import numba
import numpy as np
import regex
from numpy.typing import NDArray

# Word_Break classes with rules of their own; Katakana, regional indicators and spaces behave as OTHER here, since no
# rule about them joins two letters or digits.
_OTHER, _LETTER, _HEBREW, _NUMERIC, _LINK, _MID_LETTER, _MID_NUM, _MID_BOTH, _QUOTE, _QUOTES, _END, _SKIP = range(12)
_ZWJ, _PICTURE, _COUNTS, _CLASS = 16, 32, 64, 15  # flags above the class

_PROPERTIES: tuple[tuple[str, int], ...] = (
    (r"\p{WB=ALetter}", _LETTER),
    (r"\p{WB=Hebrew_Letter}", _HEBREW),
    (r"\p{WB=Numeric}", _NUMERIC),
    (r"\p{WB=ExtendNumLet}", _LINK),
    (r"\p{WB=MidLetter}", _MID_LETTER),
    (r"\p{WB=MidNum}", _MID_NUM),
    (r"\p{WB=MidNumLet}", _MID_BOTH),
    (r"\p{WB=Single_Quote}", _QUOTE),
    (r"\p{WB=Double_Quote}", _QUOTES),
    (r"\p{WB=CR}", _END),
    (r"\p{WB=LF}", _END),
    (r"\p{WB=Newline}", _END),
    (r"\p{WB=Extend}", _SKIP),
    (r"\p{WB=Format}", _SKIP),
    (r"\p{WB=ZWJ}", _SKIP | _ZWJ),
    (r"\p{Extended_Pictographic}", _PICTURE),
    (r"(?V1)[[\p{L}\p{N}]--[\p{WB=Extend}\p{WB=Format}]]", _COUNTS),
)
_WORD = regex.compile(r"(?V1w)\b")
_KATAKANA = regex.compile(r"\p{WB=Katakana}")
_HOLDS = regex.compile(r"(?V1)[[\p{L}\p{N}]--[\p{WB=Extend}\p{WB=Format}]]")
_SKIPS = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]+"
_MIDS = r"[\p{WB=MidLetter}\p{WB=MidNum}\p{WB=MidNumLet}\p{WB=Single_Quote}\p{WB=Double_Quote}]"
_HIDDEN = regex.compile(f"(?<={_MIDS}){_SKIPS}|{_SKIPS}(?={_MIDS})")


def words(text: str) -> list[str]:
    """List the tokens of `text` in order: the slow reference that the kernel is tested against."""
    # The regex module does not see through marks beside a mid mark (WB4, WB6, WB7), so it is not shown them.
    hidden = {i for m in _HIDDEN.finditer(text) for i in range(*m.span())}
    kept = [i for i in range(len(text)) if i not in hidden]
    tailored = _KATAKANA.sub("一", "".join(text[i] for i in kept))  # a Han character breaks where Katakana would join
    cuts = [m.start() for m in _WORD.finditer(tailored)]
    spans = [(a, b) for a, b in zip([0, *cuts], [*cuts, len(tailored)]) if _HOLDS.search(tailored, a, b)]
    return [text[kept[a] : kept[b] if b < len(kept) else len(text)] for a, b in spans]


def count_tokens(texts: Sequence[str]) -> NDArray[np.int64]:
    """Count the tokens of each text, as int64 of shape (len(texts),). Linear in the code points."""
    table = _table()
    return np.fromiter((_count(_code_points(text), table) for text in texts), dtype=np.int64, count=len(texts))


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


@cache
def _table() -> NDArray[np.uint8]:
    """Class and flags of every code point, read from the properties of the `regex` module (0.1 s)."""
    points = np.delete(np.arange(0x110000, dtype="<u4"), np.s_[0xD800:0xE000])
    every = points.tobytes().decode("utf-32-le")
    table = np.zeros(len(every), dtype=np.uint8)
    for pattern, value in _PROPERTIES:
        for match in regex.finditer(f"(?:{pattern})+", every):
            table[match.start() : match.end()] |= value
    return np.insert(table, 0xD800, np.zeros(0x800, dtype=np.uint8))  # surrogates are OTHER


@numba.njit(cache=True)
def _joins(before: int, prev: int, now: int) -> bool:
    """Rules WB5 to WB13b: no boundary between `prev` and `now`. `before` is the class ahead of a pending mid mark."""
    letter_now = now in (_LETTER, _HEBREW)
    if letter_now and before in (_LETTER, _HEBREW):  # WB6, WB7 and, for Hebrew, WB7b, WB7c
        if prev in (_MID_LETTER, _MID_BOTH, _QUOTE):
            return True
        return prev == _QUOTES and before == _HEBREW and now == _HEBREW
    if now == _NUMERIC and before == _NUMERIC:  # WB11, WB12
        return prev in (_MID_NUM, _MID_BOTH, _QUOTE)
    word = prev in (_LETTER, _HEBREW, _NUMERIC)
    if now == _LINK:  # WB13a
        return word or prev == _LINK
    if letter_now or now == _NUMERIC:  # WB5, WB8, WB9, WB10, WB13b
        return word or prev == _LINK
    return now == _QUOTE and prev == _HEBREW  # WB7a


@numba.njit(cache=True)
def _count(points: NDArray[np.uint32], table: NDArray[np.uint8]) -> int:
    """Count the words that hold a letter or digit, in one pass without looking ahead.

    A mid mark (`.`, `'`, `:` …) after a letter or digit opens a segment of its own for the time being; if the next
    character turns out to join across it, the state of the segment before it is restored.
    """
    total, prev, before = 0, _END, _END
    counted, counted_before, zwj = False, False, False
    for point in points:
        entry = table[point]
        now = entry & _CLASS
        if now == _SKIP:  # WB4: invisible to the rules, unless it opens a line
            if prev == _END:
                prev, before, counted = _OTHER, _END, False
            zwj = entry & _ZWJ != 0
            continue
        if _joins(before, prev, now):
            counted = counted or (before != _END and counted_before)
        elif not (zwj and entry & _PICTURE):  # WB3c joins a picture to a joiner
            counted_before, counted = counted, False
        mid = _MID_LETTER <= now <= _QUOTES
        before = prev if mid and prev in (_LETTER, _HEBREW, _NUMERIC) else _END
        if mid and now == _QUOTE and prev == _HEBREW:
            counted_before = counted
        prev, zwj = now, False
        if entry & _COUNTS and not counted:
            total, counted = total + 1, True
    return total
