"""Text that is made, not written: words of a Zipf law with topics and a grammar of pairs, every draw a hash."""

import hashlib
from bisect import bisect
from functools import cache
from itertools import accumulate

import polars as pl

from stages.mix.windows import document_hash


def unit(*key):
    """A number in [0, 1) that is a function of the key."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=8).digest(), "big") / 2**64


@cache
def _law(words, power):
    return list(accumulate((k + 1) ** -power for k in range(words)))


def word(place, words=4000, power=1.05):
    """The word at a place in [0, 1) of a Zipf law."""
    sums = _law(words, power)
    return bisect(sums, place * sums[-1])


def document(name, length, words=4000, power=1.05):
    """A document: every third word follows from the one before, and a fifth is of the document's topic."""
    out, before = [], 0
    for i in range(length):
        key = unit(name, i)
        if i % 3 == 2:
            before = word(unit("pair", before, int(key * 4)), words, power)
        elif i % 5 == 1:
            before = 50 + int(unit("topic", name, int(key * 12)) * (words - 50))
        else:
            before = word(key, words, power)
        out.append(f"w{before}")
    return " ".join(out)


def windows(names, each=3, make=document, domain="", language="en"):
    """A frame of windows, `each` per document, all of its body."""
    rows = []
    for name in names:
        words = make(name, 50 * each).split(" ")
        for k in range(each):
            text = " ".join(words[50 * k : 50 * k + 50])
            rows.append((domain, "body", language, str(name), document_hash(f"{name}/{k}"), text))
    columns = {"domain": pl.String, "position": pl.String, "language": pl.String, "doc_id": pl.String, "key": pl.UInt64}
    return pl.DataFrame(rows, schema=columns | {"text": pl.String}, orient="row")
