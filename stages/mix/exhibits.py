"""What a person looks at to believe a verdict: curves and examples of one source beside real text of the same strata.

Sets are those that `stages.mix.within` compares: the source's windows and as many matched real ones, drawn DRAWS times.
Sizes are bounded whatever the corpus, and words of page text are handed on only if two documents have them. Nothing
here judges, and nobody who judges looks here: a verdict stands without its exhibits.

- rarefaction: different words to be expected among so many words, of the source, of the mixture, and the range of 90 %
  of the controls.
- ranks: occurrences per million words by rank, the most frequent word first; cut: the rank from which on the source
  has less than half of what the controls have (null: nowhere). Means over ranks 10^(k/10) to 10^((k+1)/10).
- ngrams: runs of FIVE words that the source has far more often than controls. templates: frames (stages.mix.blocks)
  of which that is true, content words shown as SLOT, with texts that fill them.
- lost: words of real text (1 to TAIL occurrences in a set like the source's) that the source never uses.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from stages.mix import ngrams, within
from stages.mix.assess import mixed, pool
from stages.mix.blocks import FRAME, Blocks, Ids, encode, ordered, runs, words
from stages.mix.matched import Floats
from stages.mix.params import Collapse
from stages.mix.windows import WORDS
from stages.shingles import Ints

DRAWS = 39
NGRAMS, TEMPLATES, EXAMPLES, LOST = 20, 5, 3, 30
FIVE, TAIL, SLOT = 5, 10.0, "…"
LEAST = 3  # windows in which something is before it is an example of anything
CONSIDERED = 400  # candidates that are looked at to find those that do not overlap
Found = dict[str, Any]


@dataclass(frozen=True)
class Sets:
    """Rows of `blocks`: the source's, and each control's; `weight`: how many controls have a row."""

    blocks: Blocks
    texts: list[str]
    own: Ints
    controls: list[Ints]
    weight: Ints

    @property
    def real(self) -> Ints:
        """Rows that some control has."""
        return np.flatnonzero(self.weight)


def exhibits(source: pl.DataFrame, reference: pl.DataFrame, settings: Collapse, share: float) -> Found:
    """Windows as `stages.mix.assess.assess` takes them, of a source that it could compare -> what is shown."""
    ours, real = pool(source, reference)
    blocks = encode(ours, real)
    own, controls = within.drawn(blocks, least=settings.min_windows, most=settings.max_windows, draws=DRAWS)
    weight = np.bincount(np.concatenate(controls), minlength=len(blocks.strata)).astype(np.int64)
    texts = [text for side in (ours, real) for text in ordered(side)["text"]]
    sets = Sets(blocks, texts, own, controls, weight)
    mixture = ordered(mixed(ours, real, share)[0])["text"] if share < 1 else None
    return {
        "words": len(own) * WORDS,
        "rarefaction": _rarefaction(sets, mixture),
        **_ranks(sets),
        "ngrams": _ngrams(sets),
        "templates": _templates(sets),
        "lost": _lost(sets),
    }


def _rarefaction(sets: Sets, mixture: pl.Series | None) -> list[list[float | None]]:
    """Rows of words, source, mixture, low, high; the last row is the whole set."""
    whole = len(sets.own) * WORDS
    sizes = sorted({min(whole, round(250 * 2 ** (k / 2))) for k in range(32)})
    real = np.array([_curve(_counts(sets, rows), sizes) for rows in sets.controls], dtype=np.float64)
    low, high = np.quantile(real, [0.05, 0.95], axis=0)
    own = _curve(_counts(sets, sets.own), sizes)
    mixed_ = np.unique(words(mixture), return_counts=True)[1].astype(np.int64) if mixture is not None else None
    both = _curve(mixed_, sizes) if mixed_ is not None else [None] * len(sizes)
    return [[n, *map(_one, row)] for n, *row in zip(sizes, own, both, low.tolist(), high.tolist())]


def _one(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _counts(sets: Sets, rows: Ints) -> Ints:
    """Occurrences of each word of the rows."""
    return np.bincount(sets.blocks.views["1"][rows].reshape(-1), minlength=sets.blocks.sizes["1"]).astype(np.int64)


def _curve(counts: Ints, sizes: Sequence[int]) -> list[float | None]:
    seen, types = (a.astype(np.float64) for a in np.unique(counts[counts > 0], return_counts=True))
    total = int(counts.sum())
    return [ngrams.expected(seen, types, n, total) if n <= total else None for n in sizes]


def _ranks(sets: Sets) -> Found:
    """ranks: rows of first rank, source, real; cut: the rank from which on the source has less than half."""
    real = np.zeros(sets.blocks.sizes["1"], dtype=np.int64)
    for rows in sets.controls:
        real += np.sort(_counts(sets, rows))[::-1]
    last = int((real > 0).sum())
    starts = sorted({math.floor(10 ** (k / 10)) for k in range(80)} & set(range(1, last + 1)))
    own = np.sort(_counts(sets, sets.own))[::-1]
    ends = [*starts[1:], last + 1]
    per = 1e6 / (len(sets.own) * WORDS)
    ours, theirs = ([float(c[a - 1 : b - 1].mean()) * per for a, b in zip(starts, ends)] for c in (own, real))
    theirs = [value / len(sets.controls) for value in theirs]
    kept = [k for k, (a, b) in enumerate(zip(ours, theirs)) if a >= b / 2]
    first = kept[-1] + 1 if kept else 0
    rows_ = [[a, round(x, 2), round(y, 2)] for a, x, y in zip(starts, ours, theirs)]
    return {"ranks": rows_, "cut": starts[first] if first < len(starts) else None}


@dataclass(frozen=True)
class Frequent:
    """What recurs in the source, the most telling first: ids, in how many windows of the source, of a mean control."""

    ids: Ints
    ours: Ints
    real: Floats


def _frequent(sets: Sets, ours: tuple[Ints, Ints], real: tuple[Ints, Ints], size: int) -> Frequent:
    """`ours`, `real`: (row, id) of whatever occurs, each once. Twice as often as in real text, in two documents."""
    count = np.bincount(ours[1], minlength=size).astype(np.int64)
    documents = _documents(sets, ours, size)
    expected = np.bincount(real[1], weights=sets.weight[real[0]].astype(np.float64), minlength=size) / DRAWS
    chosen = np.flatnonzero((count >= LEAST) & (documents >= 2) & (count >= 2 * expected))
    telling = count[chosen] * np.log((count[chosen] + 0.5) / (expected[chosen] + 0.5))
    top = chosen[np.argsort(-telling, kind="stable")[:CONSIDERED]]
    return Frequent(top, count[top], expected[top])


def _documents(sets: Sets, found: tuple[Ints, Ints], size: int) -> Ints:
    """In how many documents each id is."""
    numbers = np.unique(sets.blocks.clusters, return_inverse=True)[1].astype(np.int64)
    most = int(numbers.max(initial=0)) + 1
    pairs = np.unique(found[1] * most + numbers[found[0]])
    return np.bincount(pairs // most, minlength=size).astype(np.int64)


def _pairs(ids: Ids, rows: Ints) -> tuple[Ints, Ints]:
    """(row, id) of every id >= 0 of the rows, each once."""
    size = int(ids.max(initial=0)) + 1
    own = ids[rows].astype(np.int64)
    pairs = np.unique((rows[:, None] * size + own)[own >= 0])
    return pairs // size, pairs % size


def _place(ids: Ids, rows: Ints, wanted: int) -> list[tuple[int, int]]:
    """(row, position) where an id stands, the first in each row."""
    where = ids[rows] == wanted
    hit = np.flatnonzero(where.any(axis=1))
    return [(int(rows[k]), int(np.argmax(where[k]))) for k in hit]


def _ngrams(sets: Sets) -> list[Found]:
    every = np.concatenate([sets.own, sets.real])
    hashes = runs(words(pl.Series([sets.texts[i] for i in every], dtype=pl.String)), FIVE)
    found, flat = np.unique(hashes, return_inverse=True)
    ids = np.full((len(sets.texts), hashes.shape[1]), -1, dtype=np.int32)
    ids[every] = flat.reshape(hashes.shape)
    frequent = _frequent(sets, _pairs(ids, sets.own), _pairs(ids, sets.real), len(found))
    out: list[Found] = []
    taken: set[str] = set()
    for k, ours, real in zip(frequent.ids.tolist(), frequent.ours.tolist(), frequent.real.tolist()):
        row, at = _place(ids, sets.own, k)[0]
        run = sets.texts[row].split(" ")[at : at + FIVE]
        parts = {" ".join(run[:-1]), " ".join(run[1:])}  # the next run of the same sentence tells nothing new
        if not parts & taken and len(out) < NGRAMS:
            out.append({"text": " ".join(run), "source": ours, "real": round(real, 2)})
        taken |= parts
    return out


def _templates(sets: Sets) -> list[Found]:
    ids, content = sets.blocks.views["frame"], sets.blocks.views["content"]
    frequent = _frequent(sets, _pairs(ids, sets.own), _pairs(ids, sets.real), sets.blocks.sizes["frame"])
    out: list[Found] = []
    taken: set[int] = set()
    for k, ours, real in zip(frequent.ids.tolist(), frequent.ours.tolist(), frequent.real.tolist()):
        places = _place(ids, sets.own, k)
        rows = {row for row, _ in places}
        filled = list(dict.fromkeys(" ".join(sets.texts[r].split(" ")[a : a + FRAME]) for r, a in places))
        if len(out) < TEMPLATES and len(filled) > 1 and 2 * len(rows & taken) <= len(rows):  # else a mere copy
            row, at = places[0]
            hidden = (content[row, at : at + FRAME] >= 0).tolist()
            shown = " ".join(SLOT if slot else word for word, slot in zip(filled[0].split(" "), hidden))
            out.append({"frame": shown, "source": ours, "real": round(real, 2), "examples": filled[:EXAMPLES]})
            taken |= rows
    return out


def _lost(sets: Sets) -> Found:
    """Words of the tail that the source lacks, and how many a control lacks of them on the mean."""
    counts = np.array([_counts(sets, rows) for rows in sets.controls])
    mean, own = counts.sum(axis=0) / DRAWS, _counts(sets, sets.own)
    tail = (mean >= 1) & (mean <= TAIL)
    usual = float((counts[:, tail] == 0).sum() / DRAWS)
    view = sets.blocks.views["1"]
    shared = _documents(sets, _pairs(view, sets.real), sets.blocks.sizes["1"]) >= 2
    missing = np.flatnonzero(tail & (own == 0))
    ranked = [k for k in missing[np.argsort(-mean[missing], kind="stable")] if shared[k]][:LOST]
    found = []
    for k in ranked:
        row, at = _place(view, sets.real, int(k))[0]
        found.append({"word": sets.texts[row].split(" ")[at], "real": round(float(mean[k]), 2)})
    return {"tail": int(tail.sum()), "missing": len(missing), "usual": round(usual, 1), "words": found}
