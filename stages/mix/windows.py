"""Windows of equal length, and a reservoir of them: what the collapse checks look at instead of whole corpora.

A window is 50 words of one document, as `stages.shingles` reads words (lower case, one space between; a letter of a
script without spaces is a word). Equal length removes the length of documents from every comparison. The first 50 words
of a document are its head window; the body is cut into windows from a place that is a hash of the document on, and what
is left over at its end is dropped. Heads and bodies are kept apart, since openings differ from what follows them.

A window's key is a hash of its document and number. The reservoir keeps the windows of the smallest keys per group
(source, origin, language, position), so that reservoirs of shards merge to the same windows however rows were dealt.
What this module does not know: which sources are compared with which, and what is measured on a window.
"""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl
from numba import njit

from stages.shingles import Bytes, Hashes, Int, Ints, Normalised, mix64, normalise

WORDS = 50
GROUP = ("source", "origin", "language", "position")
SCHEMA = {
    "source": pl.String,
    "origin": pl.String,  # crawl, synthetic, or reference: real text that a synthetic source is compared with
    "domain": pl.String,
    "position": pl.String,  # head or body
    "language": pl.String,
    "doc_id": pl.String,
    "host": pl.String,
    "key": pl.UInt64,
    "text": pl.String,
}
_ABOUT = ("source", "origin", "domain", "language", "doc_id", "host")
_CUT = {"row": pl.Int64, "number": pl.Int64, "key": pl.UInt64, "text": pl.String}


class Reservoir:
    """The windows of the `size` smallest keys per group of everything that was added."""

    def __init__(self, size: int) -> None:
        self.size, self.waiting = size, 0
        self.held = pl.DataFrame(schema=SCHEMA)

    def add(self, documents: pl.DataFrame) -> None:
        """Documents: source, origin, domain, language, doc_id, host, text."""
        about = documents.select(_ABOUT).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        seeds = np.array([document_hash(d) for d in documents["doc_id"]], dtype=np.uint64)
        bound = np.array([_bound(self.held, self.size, about)], dtype=np.uint64)
        for cut in _windows(documents["text"], seeds, bound):
            position = pl.when(pl.col("number") == 0).then(pl.lit("head")).otherwise(pl.lit("body"))
            self.put(cut.with_columns(position=position).join(about, on="row", how="left", maintain_order="left"))
            bound[0] = _bound(self.held, self.size, about) if not self.waiting else bound[0]

    def put(self, windows: pl.DataFrame) -> None:
        """Windows, such as another reservoir's."""
        self.held = pl.concat([self.held, windows.select(*SCHEMA)])
        self.waiting += windows.height
        if self.waiting > self.size:
            self.held, self.waiting = _smallest(self.held, self.size), 0

    def windows(self) -> pl.DataFrame:
        """Sorted by group and key."""
        return _smallest(self.held, self.size)


def sample(documents: pl.DataFrame, size: int) -> pl.DataFrame:
    """The reservoir of these documents alone."""
    found = Reservoir(size)
    found.add(documents)
    return found.windows()


def merge(reservoirs: Iterable[pl.DataFrame], size: int) -> pl.DataFrame:
    """The reservoir of everything that went into these."""
    found = Reservoir(size)
    for part in reservoirs:
        found.put(part)
    return found.windows()


def _smallest(rows: pl.DataFrame, size: int) -> pl.DataFrame:
    ordered = rows.sort(*GROUP, "key", "doc_id", "text", nulls_last=True)
    return ordered.group_by(GROUP, maintain_order=True).head(size).select(*SCHEMA)


def _bound(held: pl.DataFrame, size: int, about: pl.DataFrame) -> np.uint64:
    """A key above which no group of these documents can take a window any more: none while a group is not full."""
    groups = about.select("source", "origin", "language").unique(maintain_order=True)
    own = held.join(groups, on=groups.columns, how="semi", nulls_equal=True)
    full = own.group_by(GROUP, maintain_order=True).agg(pl.len(), pl.col("key").max()).filter(pl.col("len") >= size)
    most = full["key"].max() if full.height == 2 * groups.height else None
    return np.uint64(2**64 - 1 if most is None else most)  # type: ignore[arg-type]


def document_hash(doc_id: str) -> int:
    """64 bits of a document's name."""
    return int.from_bytes(hashlib.blake2b(doc_id.encode(), digest_size=8).digest(), "big")


def _windows(texts: pl.Series, seeds: Hashes, bound: Hashes) -> Iterator[pl.DataFrame]:
    """Per batch of texts the windows whose key is at most bound[0] by then: row of the text, number, key, text."""
    first = 0
    for batch in normalise(texts):
        count = len(batch.bounds) - 1
        room = len(batch.data) // (2 * WORDS - 1) + 1
        spans = np.empty((room, 4), dtype=np.int64)
        keys = np.empty(room, dtype=np.uint64)
        found = int(_spans(batch.data, batch.bounds, seeds[first : first + count], bound[0], spans, keys))
        yield _frame(batch, spans[:found], keys[:found], first)
        first += count


def _frame(batch: Normalised, spans: Ints, keys: Hashes, first: int) -> pl.DataFrame:
    data = batch.data.tobytes()
    text = [data[start:end].decode() for start, end in spans[:, 2:].tolist()]
    columns = {"row": spans[:, 0] + first, "number": spans[:, 1], "key": keys, "text": text}
    return pl.DataFrame(columns, schema=_CUT)


@njit(cache=True)
def _spans(data: Bytes, bounds: Ints, seeds: Hashes, bound: np.uint64, spans: Ints, keys: Hashes) -> Int:
    """Rows (document, number, first byte, end) of the windows of a batch; returns how many there are."""
    found = 0
    for d in range(len(bounds) - 1):
        skip = np.int64(mix64(seeds[d]) % np.uint64(WORDS))
        i, end, number = bounds[d], bounds[d + 1], 0
        start: Int = i
        words: Int = 0
        while i < end:
            while i < end and data[i] != 32:
                i += 1
            words += 1
            if words == WORDS:
                key = mix64(seeds[d] + mix64(np.uint64(number + 1)))
                if key <= bound:
                    spans[found, 0], spans[found, 1], spans[found, 2], spans[found, 3] = d, number, start, i
                    keys[found] = key
                    found += 1
                words = -skip if number == 0 else 0
                number += 1
            if words <= 0:
                start = i + 1
            i += 1
    return found
