"""Guesses about bytes: which encoding is possible, which is refuted, and which is likeliest where nobody says.

Knows bytes and alphabets; neither declarations nor markup.
"""

import re

import numpy as np
from numpy.typing import NDArray

from stages.extract.alphabets import weights

_C1 = re.compile("[\x80-\x9f\ufffd]")
_RUN = re.compile(rb"([A-Za-z]?)([\x80-\x9f\xa1-\xff]+)(?=([A-Za-z]?))")
_LATIN = re.compile(r"(?:cp(?:1250|1252|1254|1257|1258)|iso8859-(?:2|3|4|9|10|13|14|15|16)|mac-roman)$")
_SAMPLE = 1 << 17
_MIN_LETTERS = 12
# Mean weight of a byte (stages/extract/alphabets.py) up to which it is no language's text, and from which it is one's.
_FOREIGN, _NATIVE = 1.0, 2.5
_LEAST = -0.5  # and below which it is not even signs between Latin letters
_WESTERN, _MARGIN = "cp1252", 8  # what another Latin encoding must be ahead by: a few pound signs are no Polish
_FEW_KINDS = 6  # different bytes: too few for a text without Latin letters
# Encodings of two bytes a character: the leads that their commonest characters have, and the share of them in text.
_COMMON = (
    ("cp932", rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]", 0.15),  # kana
    ("euc_jp", rb"[\xa4\xa5][\xa1-\xfe]", 0.15),
    ("cp949", rb"[\xb0-\xc8][\xa1-\xfe]", 0.93),  # Hangul
    ("gb18030", rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1\xa3][\xa1-\xfe]", 0.75),  # level 1 and punctuation
    ("big5hkscs", rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|\xa1[\x40-\x7e\xa1-\xfe]", 0.75),
)
_NO_LEADS = bytes([*range(0xC0), *range(0xF8, 0x100)])
_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_MIN_PAIRS = 5
_WIDE = frozenset({"gb18030", "big5hkscs"})
_FAULTS = 2


def as_utf8(body: bytes) -> str | None:
    """The bytes read as UTF-8; null where they are not. A last character that is cut off is no fault."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data" and len(body) - error.start <= 3
        return body.decode("utf-8", "ignore") if cut else None


def n_sequences(body: bytes) -> int:
    """How many characters of several bytes UTF-8 text holds."""
    return len(body.translate(None, _NO_LEADS))


def is_sound(body: bytes, encoding: str, faults: int = 0) -> bool:
    """Whether bytes mean something in this encoding, none a control character of the second set, but for `faults`."""
    return len(_C1.findall(body.decode(encoding, "replace"))) <= faults


def is_refuted(body: bytes, encoding: str, *, multibyte: bool, faulty: float) -> bool:
    """Whether the bytes cannot be text in this encoding.

    UTF-8 is refuted by more faults than characters, other multi-byte encodings by a share of `faulty`; an encoding with
    one byte per letter by words that no language spells so: Latin letters beyond ASCII in long runs, or others singly
    between ASCII letters.
    """
    if not multibyte:
        return _is_other_script(body[:_SAMPLE], encoding)
    text = body.decode(encoding, "replace")
    n_high = len(text) - len(text.encode("ascii", "ignore"))
    n_faults = text.count("\ufffd") - (body.count(b"\xef\xbf\xbd") if encoding == "utf-8" else 0)
    return n_faults > (n_high - n_faults if encoding == "utf-8" else faulty * n_high)


def _is_other_script(body: bytes, encoding: str) -> bool:
    long, beside = _runs(body)
    if long + beside < _MIN_LETTERS:
        return False
    if encoding == "cp1252" and beside > long:  # what servers say who do not know
        return _is_other_alphabet(_histogram(body), encoding)
    return long > 2 * beside if _LATIN.match(encoding) else beside > 4 * long


def _is_other_alphabet(histogram: NDArray[np.int64], encoding: str) -> bool:
    """Whether the letters are no language's in this encoding, and nearly all are one language's in another."""
    names, rows, latin = weights()
    means = (rows @ histogram)[latin] / max(1, int(histogram.sum() - histogram[0x20]))
    own = max((mean for name, mean in zip(names, means) if name == encoding), default=0.0)
    return own < _FOREIGN and means.max() > _NATIVE


def _histogram(body: bytes) -> NDArray[np.int64]:
    return np.bincount(np.frombuffer(body, np.uint8), minlength=256)[128:]


def guess(body: bytes, detected: str | None = None) -> str | None:
    """The likeliest encoding of bytes that are no UTF-8; null where they are no language's in any.

    Two bytes a character where the pairs are those of a language that is written so; else the alphabet that explains
    the bytes best; windows-1252 where there are only signs such as quotes. `detected`, what a detector of many kinds
    says, counts where no alphabet explains the bytes and it names an encoding of several bytes a character.
    """
    part = body[:_SAMPLE]
    long, beside = _runs(part)
    if long >= beside:
        wide = _wide(part)
        if wide:
            return wide
    found, mean = _by_alphabet(_histogram(part), is_latin=None if long == beside else beside > long)
    wide = detected if detected in _WIDE and mean < _NATIVE and is_sound(part, detected, faults=_FAULTS) else None
    return wide or found


def _runs(body: bytes) -> tuple[int, int]:
    """Bytes beyond ASCII that stand in runs of three and more, and those that stand by ones and twos among letters."""
    long = beside = 0
    for before, run, after in _RUN.findall(body):
        if len(run) > 2:
            long += len(run) if len(set(run)) > 1 else 0
        elif before or after:
            beside += len(run)
    return long, beside


def _by_alphabet(histogram: NDArray[np.int64], *, is_latin: bool | None) -> tuple[str | None, float]:
    """(the encoding, mean weight of the bytes in it)."""
    names, rows, latin = weights()
    n_bytes = max(1, int(histogram.sum()))
    means = rows @ histogram / n_bytes
    if is_latin is None and np.count_nonzero(histogram) < _FEW_KINDS:
        is_latin = True
    if is_latin is not None:
        means = np.where(latin == is_latin, means, -99.0)
    best = int(np.argmax(means))
    western = max(float(mean) for name, mean in zip(names, means) if name == _WESTERN)
    if latin[best] and (means[best] - western) * n_bytes < max(_MARGIN, n_bytes // 2):
        return (_WESTERN if western >= _LEAST else None), western
    return (names[best] if means[best] >= (_LEAST if latin[best] else _FOREIGN) else None), float(means[best])


def _wide(body: bytes) -> str | None:
    pairs = _PAIRS.findall(body)
    if len(pairs) < _MIN_PAIRS:
        return None
    fitting = (name for name, common, share in _COMMON if _is_made_of(pairs, common, share) and is_sound(body, name))
    return next(fitting, None)


def _is_made_of(pairs: list[bytes], common: bytes, share: float) -> bool:
    pattern = re.compile(common)
    return sum(pattern.match(pair) is not None for pair in pairs) >= share * len(pairs)
