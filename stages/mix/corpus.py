"""What is measured on a set of windows: how varied its words and runs of words are, and how much of the tail it holds.

Every statistic is one of a set of equally many windows of equal length, compared with matched controls. `loss` is the
size of an effect, positive where something was lost, and has the same meaning everywhere: the share of variety gone.

- unseen_1, unseen_2, unseen_3 (Good-Turing 1953): the share of runs of n words that occur once, which is the chance
  that the next one is new.
- distinct_1 … distinct_4: different runs of n words per run.
- reused_8: the share of runs of eight words that occur again; what human texts hardly do (.002 of essays).
- self_repetition: mean log of how often a run of four words occurs (Shaib et al. 2024, arXiv 2403.00553).
- next_word: entropy in bits of a word given the one before. Its loss is that of the effective number of next words.
- template: the share of frames (see `stages.mix.blocks`) that occur again.
- concentration: the chance that two content words are the same; its loss is that of the effective number of words.
- rare_mass, rare_coverage: the share of words that the rest of the reference has once or twice, and the share of such
  words that occur in the set.
- predictable, surprising: the share of windows that a bigram model of the rest of the reference finds easier than it
  finds 95 % of real windows, and harder: sharpened text is too easy, text of a far generation too hard. Text that was
  edited out of its very reference is easy, too, and then neither gates (`stages.mix.within`).
- divergence (Jensen-Shannon, of words) and separability (see `stages.mix.separability`) are shown and never judged:
  they tell another topic from this one, not worse. The same holds of concentration, of which one genre of a domain has
  more, and of next_word, which falls where words are many and rises in sharpened text.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from stages.mix.blocks import Blocks, Ids
from stages.mix.matched import Floats
from stages.shingles import Ints

RARE = 2  # occurrences in the rest of the reference up to which a word is rare
PRIOR = 10.0  # words that the bigram model adds from word frequencies to what followed a word
EASY, HARD = 0.05, 0.95  # quantiles of real windows


@dataclass(frozen=True)
class Log:
    """Deviations are those of a statistic's logarithm: as a share of `added` windows more, with a spread of `least`."""

    added: float
    least: float


FREQUENT = Log(0.5, 0.05)
CLUMPS = Log(2.0, 0.3)  # two windows: the least that recurs is one passage in two places


@dataclass(frozen=True)
class Statistic:
    """A statistic. `towards`: -1 where a loss makes it smaller; `effect`: how a loss is read from two values.

    `log`: repeats come in clumps; of real sets a few have many times the others' share, and would lie beyond any bound
    that is read from a mean and a spread of shares.
    """

    name: str
    towards: int
    effect: str  # ratio, points, inverse or bits
    gates: bool = True
    log: Log | None = None

    @property
    def of_one(self) -> bool:
        """Whether values lie between 0 and 1, and would all be alike in a very poor or a very rich text."""
        return self.effect == "ratio"


STATISTICS = (
    *(Statistic(f"unseen_{n}", -1, "ratio") for n in (1, 2, 3)),
    *(Statistic(f"distinct_{n}", -1, "ratio") for n in (1, 2, 3, 4)),
    Statistic("reused_8", 1, "points", log=CLUMPS),
    Statistic("self_repetition", 1, "points", log=FREQUENT),
    Statistic("next_word", -1, "bits", gates=False),
    Statistic("template", 1, "points", log=CLUMPS),
    Statistic("concentration", 1, "inverse", gates=False),
    Statistic("rare_mass", -1, "ratio"),
    Statistic("rare_coverage", -1, "ratio"),
    Statistic("predictable", 1, "points", log=FREQUENT),
    Statistic("surprising", 1, "points", gates=False),
    Statistic("divergence", 1, "points", gates=False),
    Statistic("separability", 1, "points", gates=False),
)
NAMES = tuple(s.name for s in STATISTICS)
OWN = NAMES[: NAMES.index("rare_mass")]  # of a set alone; the others need the rest of the reference


def loss(statistic: Statistic, value: float, control: float) -> float | None:
    """The share of variety that `value` lacks beside `control`; null where the control has none to lose."""
    if statistic.effect == "points":
        return value - control
    if statistic.effect == "bits":
        return 1 - math.pow(2, value - control)
    if statistic.effect == "inverse":
        return 1 - control / value if value > 0 else None
    return 1 - value / control if control > 0 else None


def own(blocks: Blocks, rows: Ints) -> Floats:
    """The statistics of a set of windows that need nothing but the set, in the order of OWN."""
    found = {
        name: spectrum(ids, rows, np.zeros(blocks.sizes[name], dtype=np.int64)) for name, ids in blocks.views.items()
    }
    unseen = [_share(found[n][2], found[n][0]) for n in ("1", "2", "3")]
    distinct = [_share(found[n][1], found[n][0]) for n in ("1", "2", "3", "4")]
    repeated = 1 - _share(found["8"][2], found["8"][0])
    entropy = _entropy(found["2"]) - _entropy(found["1"])
    return np.array(
        [
            *unseen,
            *distinct,
            repeated,
            _share(found["4"][3], found["4"][0]),
            entropy,
            1 - _share(found["frame"][2], found["frame"][0]) if found["frame"][0] else 0.0,
            _share(found["content"][4], found["content"][0] * (found["content"][0] - 1)),
        ]
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _entropy(found: Floats) -> float:
    total, weighted = found[0], found[3]
    return float((math.log(total) - weighted / total) / math.log(2)) if total > 0 else 0.0


@njit(cache=True)
def spectrum(ids: Ids, rows: Ints, counts: Ints) -> Floats:
    """Of the ids in `rows`: occurrences, types, types seen once, sum of c log c, sum of c (c - 1). `counts`: zeros."""
    out = np.zeros(5)
    for i in rows:
        for k in ids[i]:
            if k >= 0:
                counts[k] += 1
                out[0] += 1
    for i in rows:
        for k in ids[i]:
            if k >= 0 and counts[k] > 0:
                c = counts[k]
                counts[k] = 0
                out[1] += 1
                out[2] += c == 1
                out[3] += c * math.log(c)
                out[4] += c * (c - 1)
    return out


@dataclass(frozen=True)
class Rest:
    """Counts of the reference without a control's documents: of words, and of pairs of words."""

    words: Ints
    pairs: Ints
    followed: Ints  # how often a word has a next one


def rest(blocks: Blocks, without: Ints) -> Rest:
    """Count the reference but the documents that gave the windows `without`: they share names with themselves."""
    kept = ~np.isin(blocks.clusters, blocks.clusters[without])
    kept[: blocks.source] = False
    one, two = blocks.views["1"][kept], blocks.views["2"][kept]
    counted = [np.bincount(v.reshape(-1), minlength=blocks.sizes[n]) for v, n in ((one, "1"), (two, "2"))]
    return Rest(counted[0], counted[1], np.bincount(one[:, :-1].reshape(-1), minlength=blocks.sizes["1"]))


def beside(blocks: Blocks, rows: Ints, other: Rest) -> tuple[Floats, Floats]:
    """(rare_mass, rare_coverage, divergence) of windows beside the rest of the reference, and bits per word of each."""
    words_, pairs = blocks.views["1"], blocks.views["2"]
    seen = np.zeros(blocks.sizes["1"], dtype=np.int64)
    bits = np.zeros(len(rows))
    mass = _beside(words_, pairs, rows, other.words, other.pairs, other.followed, seen, bits)
    rare = (other.words > 0) & (other.words <= RARE)
    coverage = _share(float((rare & (seen > 0)).sum()), float(rare.sum()))
    return np.array([mass, coverage, _divergence(seen, other.words)]), bits


@njit(cache=True)
def _beside(
    words: Ids, pairs: Ids, rows: Ints, ones: Ints, twos: Ints, followed: Ints, seen: Ints, bits: Floats
) -> float:
    total, kinds, rare = float(ones.sum()), float((ones > 0).sum()), 0
    for r in range(len(rows)):
        i, sum_ = rows[r], 0.0
        for k in range(words.shape[1]):
            w = words[i, k]
            seen[w] += 1
            rare += 0 < ones[w] <= RARE
            if k > 0:
                v = words[i, k - 1]
                single = (ones[w] + 0.5) / (total + 0.5 * kinds + 0.5)
                sum_ -= math.log2((twos[pairs[i, k - 1]] + PRIOR * single) / (followed[v] + PRIOR))
        bits[r] = sum_ / (words.shape[1] - 1)
    return float(rare / max(len(rows) * words.shape[1], 1))


@njit(cache=True)
def _divergence(one: Ints, other: Ints) -> float:
    """Jensen-Shannon divergence of two counts, in bits: 0 for equal shares, at most 1."""
    a, b, out = one.sum(), other.sum(), 0.0
    for k in range(len(one)):
        p, q = one[k] / max(a, 1), other[k] / max(b, 1)
        if p > 0:
            out += p * math.log2(2 * p / (p + q)) / 2
        if q > 0:
            out += q * math.log2(2 * q / (p + q)) / 2
    return out
