"""A source within its strata: every statistic of the source beside those of matched real controls.

Answers three questions per statistic: what the source has, what real text of the same composition has (mean, and the
range of 90 % of the controls), and how large and how sure the loss is. Judges nothing, and prints nothing where there
is too little text: then a `Short` says how much there was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from stages.mix import corpus, matched, separability
from stages.mix.blocks import Blocks, encode
from stages.mix.corpus import STATISTICS, Statistic
from stages.mix.matched import Floats, Plan
from stages.shingles import Ints

TAKEN = 0.1  # share of a source's runs of eight words that its reference has: people's text shares .004 at most
CHOOSE = 20  # controls from which the quantiles of easy and hard windows are read, and separability


@dataclass(frozen=True)
class Finding:
    """One statistic. `loss`: share of variety lost; null where undefined. `p`: family-wise, over those that gate."""

    name: str
    value: float
    control: float
    low: float
    high: float
    loss: float | None
    deviation: float
    p: float | None
    gates: bool


@dataclass(frozen=True)
class Comparison:
    """What was compared, and found. `unmatched`: share of the source's windows in strata without enough reference."""

    windows: int
    reference: int
    draws: int
    unmatched: float
    findings: tuple[Finding, ...]

    @property
    def largest(self) -> float:
        """The largest deviation of a statistic that gates, in units of the controls' spread."""
        return max(f.deviation for f in self.findings if f.gates)

    def finding(self, name: str) -> Finding:
        """What was found of one statistic."""
        return {f.name: f for f in self.findings}[name]

    def lost(self, least: float, alpha: float) -> tuple[Finding, ...]:
        """Statistics that gate with a loss of at least `least` that is significant, the largest loss first."""
        found = [f for f in self.findings if f.p is not None and f.p <= alpha and (f.loss or 0) >= least]
        return tuple(sorted(found, key=lambda f: -(f.loss or 0)))

    def mean_loss(self, names: Sequence[str]) -> float | None:
        """The mean loss of the named statistics; null where one is undefined, or none is named."""
        found = [f.loss for f in self.findings if f.name in names]
        known = [loss for loss in found if loss is not None]
        return sum(known) / len(known) if known and len(known) == len(found) else None


@dataclass(frozen=True)
class Short:
    """Too little text to say anything: windows of the source compared at most, and those there are of both."""

    windows: int
    source: int
    reference: int
    unmatched: float


def compare(source: pl.DataFrame, reference: pl.DataFrame, *, least: int, most: int, draws: int) -> Comparison | Short:
    """Compare windows of a source with those of its reference (columns as `stages.mix.blocks.encode` wants them).

    least: windows below which nothing is said. most: windows beyond which more would not change what is said.
    """
    blocks = encode(source, reference)
    per_document, plan = _plan(blocks, least, most)
    sizes = blocks.source, len(blocks.strata) - blocks.source
    if plan.size < least or plan.unmatched > matched.UNMATCHED:
        return Short(plan.size, *sizes, plan.unmatched)
    own, controls = _draws(blocks, plan, per_document, draws)
    observed, null = _measure(blocks, own, controls)
    found = _findings(observed, null, _gating(blocks, own), plan.size, matched.widening(controls))
    return Comparison(plan.size, sizes[1], draws, plan.unmatched, found)


def drawn(blocks: Blocks, *, least: int, most: int, draws: int) -> tuple[Ints, list[Ints]]:
    """The windows of the source that `compare` takes, and the first `draws` of its controls, as rows of `blocks`."""
    per_document, plan = _plan(blocks, least, most)
    return _draws(blocks, plan, per_document, draws)


def _plan(blocks: Blocks, least: int, most: int) -> tuple[int, Plan]:
    """The fewest windows per document with which half of what there is is compared, and `least` if possible."""

    def at(limit: int) -> Plan:
        return matched.plan(_there(blocks, _SOURCE, limit), _there(blocks, _REFERENCE, limit), most)

    limit, largest = 1, at(len(blocks.strata) + 1)
    wanted = max(largest.size / 2, min(least, largest.size))
    while at(limit).size < wanted:
        limit *= 2
    return limit, at(limit)


_SOURCE, _REFERENCE = True, False


def _there(blocks: Blocks, source: bool, limit: int) -> Ints:
    rows = slice(blocks.source) if source else slice(blocks.source, None)
    return matched.spread(blocks.strata[rows], blocks.clusters[rows], limit, len(blocks.names))


def _draws(blocks: Blocks, plan: Plan, per_document: int, draws: int) -> tuple[Ints, list[Ints]]:
    """The source's windows, and those of each control, whose documents give as many as the source's do."""
    cut, count = blocks.source, len(blocks.names)
    own = matched.draw(blocks.strata[:cut], blocks.clusters[:cut], plan.quota, matched.evenly(per_document, count), 0)
    least, limit = np.full(count, per_document, dtype=np.int64), per_document // 2
    while limit:  # as few per document as leave room for the quota
        least[_there(blocks, _REFERENCE, limit) // matched.LARGEST >= plan.quota] = limit
        limit //= 2
    limits = matched.like(blocks.strata, blocks.clusters, own, least)
    real = blocks.strata[cut:], blocks.clusters[cut:]
    return own, [cut + matched.draw(*real, plan.quota, limits, b + 1) for b in range(draws)]


def _measure(blocks: Blocks, own: Ints, controls: list[Ints]) -> tuple[Floats, Floats]:
    """The source's statistics, and the controls' (draws by statistics).

    What is measured beside the rest of the reference is measured for both beside the same rest, and the source's value
    is the mean over the draws: so neither has met its own words there (but see `_gating`).
    """
    alone, pairs, bits = [], [], []
    for control in controls:
        alone.append(corpus.own(blocks, control))
        rest = corpus.rest(blocks, control)
        (ours, our_bits), (theirs, their_bits) = (corpus.beside(blocks, rows, rest) for rows in (own, control))
        pairs.append((ours, theirs))
        bits.append((our_bits, their_bits))
    easy, hard = np.quantile(np.concatenate([b for _, b in bits[:CHOOSE]]), [corpus.EASY, corpus.HARD])
    tails = [[((b < easy).mean(), (b > hard).mean()) for b in pair] for pair in bits]
    told = _told_apart(blocks, own, controls)
    rows = [np.array([_joined(p[k], t[k], s[k]) for k in (0, 1)]) for p, t, s in zip(pairs, tails, told)]
    beside = np.array(rows)
    null = np.concatenate([np.array(alone), beside[:, 1]], axis=1)
    return np.concatenate([corpus.own(blocks, own), beside[:, 0].mean(axis=0)]), null


def _told_apart(blocks: Blocks, own: Ints, controls: list[Ints]) -> list[tuple[float, float]]:
    """By draw: how well the source is told from it, and it from the next one; the first CHOOSE draws, over and over."""
    few = controls[:CHOOSE]
    beside = [(separability.auc(blocks, own, a), separability.auc(blocks, a, b)) for a, b in zip(few, few[1:] + few)]
    return [beside[i % len(few)] for i in range(len(controls))]


def _joined(found: Floats, tails: tuple[float, float], told: float) -> Floats:
    """In the order of NAMES: rare_mass, rare_coverage, predictable, surprising, divergence, separability."""
    return np.array([found[0], found[1], *tails, found[2], told])


def _gating(blocks: Blocks, own: Ints) -> Ints:
    """Places in STATISTICS of those that gate.

    Text that was edited out of its reference is easy for a model that has read the originals, as no control is, whose
    documents are left out: then `predictable` is shown alone.
    """
    runs, there = blocks.views["8"], np.zeros(blocks.sizes["8"], dtype=np.bool_)
    there[runs[blocks.source :]] = True
    taken = there[runs[own]].mean() > TAKEN
    return np.flatnonzero([s.gates and not (taken and s.name == "predictable") for s in STATISTICS])


def _findings(observed: Floats, null: Floats, gating: Ints, size: int, wider: float) -> tuple[Finding, ...]:
    every = np.arange(len(STATISTICS))
    deviations = _tested(observed, null, every, size, wider).deviations
    p_values = dict(zip(gating.tolist(), _tested(observed, null, gating, size, wider).p_values.tolist()))
    mean, (low, high) = null.mean(axis=0), np.quantile(null, [0.05, 0.95], axis=0)
    return tuple(
        Finding(
            name=s.name,
            value=float(observed[k]),
            control=float(mean[k]),
            low=float(low[k]),
            high=float(high[k]),
            loss=corpus.loss(s, float(observed[k]), float(mean[k])),
            deviation=float(deviations[k]),
            p=p_values.get(k),
            gates=k in p_values,
        )
        for k, s in enumerate(STATISTICS)
    )


def _tested(observed: Floats, null: Floats, chosen: Ints, size: int, wider: float) -> matched.Tested:
    """Statistics among themselves. A share that all controls have alike has the spread of a quarter of a window."""
    own = [STATISTICS[k] for k in chosen]
    shares = [0.25 / size if s.effect == "points" or s.of_one else 0.0 for s in own]
    floors = [s.log.least if s.log else floor for s, floor in zip(own, shares)]
    one, many = (np.stack([_scaled(v[..., k], s, size) for k, s in zip(chosen, own)], -1) for v in (observed, null))
    return matched.compare(one, many, [s.towards for s in own], floors, wider)


def _scaled(values: Floats, statistic: Statistic, size: int) -> Floats:
    return np.log(np.maximum(values, 0) + statistic.log.added / size) if statistic.log else values
