"""The canaries' judgement on one source: three keys, each from a small model's life with the mixture.

1. Effective real tokens (stages.mix.canary.ert): does the source, read once, damage the tail?
2. The closed loop (stages.mix.canary.loop): does the mixture, fed with its own model's text, end above its real part
   alone, and above what the same loop costs with real text in the source's place?
3. The diversity of what the loop's model writes: perplexity alone would praise a sharpened mixture.

Figures are means over seeds, which choose other windows and draw other samples; the spread is their standard deviation.
Text comes as windows of word tokens, joined by single spaces; the order in which they are given does not matter. What
this module does not know: where text comes from, and what else speaks for or against a source.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.mix.canary import ert, loop, vocabulary
from stages.mix.canary.diversity import Diversity, diversity
from stages.mix.canary.ert import OneStep
from stages.mix.canary.figures import CanaryFigures, estimate, low_power, mean_diversity, mean_generation
from stages.mix.canary.held_out import BUCKETS, HeldOut, bounds, prepare
from stages.mix.canary.keys import decide
from stages.mix.canary.kneser_ney import Ints
from stages.mix.canary.loop import CONTROLS, Generation, Loops, World
from stages.mix.canary.params import CanaryParams
from stages.mix.canary.vocabulary import FIRST, Ids, Vocabulary

Windows = list[Ids]


@dataclass(frozen=True)
class Seed:
    """What one seed found."""

    step: OneStep
    loops: Loops
    text: Diversity  # of as much real text as the loop writes


def judge(
    real: Sequence[str], synthetic: Sequence[str], held_out: Sequence[str], reference: Sequence[str],
    settings: CanaryParams,
) -> CanaryFigures:  # fmt: skip
    """Window texts -> the canaries' figures and keys.

    `real` is the mixture's real part, `synthetic` the source; `held_out` and `reference` are real text of the domain
    that the source declares, disjoint from each other and from `real`. Two fifths of `real` are what ERT reads beside
    the source; the rest extends its curve. The loop's mixture has at most as many tokens as `real`.
    """
    words = {"real": real, "synthetic": synthetic, "held_out": held_out, "reference": reference}
    tokens = {name: sum(len(w.split()) for w in part) for name, part in words.items()}
    least = dict.fromkeys(("real", "synthetic"), settings.min_tokens)
    if any(n < least.get(name, settings.min_held_out_tokens) for name, n in tokens.items()):
        return low_power(tokens)
    known = vocabulary.build(real, synthetic, reference)
    world = _world(held_out, reference, known, _ert_tokens(real, settings), settings)
    encoded = [vocabulary.encode(part, known) for part in (real, synthetic)]
    seeds = []
    for seed in range(1, settings.seeds + 1):
        ordered = [[ids[i] for i in _order(part, seed)] for part, ids in zip((real, synthetic), encoded)]
        seeds.append(_seed(world, ordered[0], ordered[1], seed))
    size = _loop_size(world, *encoded)[0]
    fresh = loop.fresh(world, [encoded[0][i] for i in _order(real, 0)], size)
    return _figures(tokens | {"loop": size * world.words}, seeds, fresh, settings)


def _ert_tokens(real: Sequence[str], settings: CanaryParams) -> int:
    words = len(real[0].split())
    return words * ert.real_windows(min(len(real), settings.tokens // words * 5 // 4))


def _world(
    held_out: Sequence[str], reference: Sequence[str], known: Vocabulary, trained: int, settings: CanaryParams
) -> World:
    ids = vocabulary.flat(vocabulary.encode(reference, known))
    counts: Ints = np.bincount(ids, minlength=known.size + 1).astype(np.int64)
    counts[:FIRST] = 0
    chosen = [held_out[i] for i in _order(held_out, 0)]
    words = max(len(w.split()) for w in chosen)
    asked = vocabulary.encode(chosen[: settings.held_out_tokens // words], known)
    held: HeldOut = prepare(asked, counts, trained, settings)
    low, tail, _ = bounds(int(counts.sum()), trained, settings)
    rare = np.flatnonzero((counts >= low) & (counts < tail)).astype(np.int32)
    return World(held, rare, known.size, words, settings)


def _order(windows: Sequence[str], seed: int) -> list[int]:
    """The places of windows in an order that depends on their texts and the seed alone."""
    keys = [hashlib.blake2b(f"{seed}:{text}".encode(), digest_size=16).digest() for text in windows]
    return sorted(range(len(windows)), key=lambda i: (keys[i], windows[i]))


def _loop_size(world: World, real: Windows, synthetic: Windows) -> tuple[int, int]:
    """Windows of the loop's mixture, and how many of them are real."""
    share = world.params.real_share or len(real) / (len(real) + len(synthetic))
    size = min(world.params.tokens // world.words, len(real), int(len(synthetic) / (1 - share)))
    return size, min(size - 1, max(1, round(share * size)))


def _seed(world: World, real: Windows, synthetic: Windows, seed: int) -> Seed:
    size, kept = _loop_size(world, real, synthetic)
    most = world.params.tokens // world.words
    step = ert.one_step(real[: most * 5 // 4], synthetic, world.held, world.size)
    loops = loop.run(world, real[:size], kept, synthetic, seed, replace=seed == 1)
    return Seed(step, loops, diversity(vocabulary.flat(real[kept:size]), world.rare))


def _figures(
    tokens: dict[str, int], seeds: Sequence[Seed], fresh: list[Generation], settings: CanaryParams
) -> CanaryFigures:
    steps, last = [s.step for s in seeds], [{n: g[-1] for n, g in s.loops.generations.items()} for s in seeds]
    every = [s.loops.generations | {"real_fresh": fresh} for s in seeds]
    controls = {n: tuple(map(mean_generation, zip(*(e[n] for e in every if n in e)))) for n in CONTROLS}
    found = {
        "penalty": estimate([_ratio(g["loop"], g["real_part"]) for g in last]),
        "excess": estimate([_ratio(g["loop"], g["real_start"]) for g in last]),
        "slope": estimate([_slope(s.loops.generations["loop"]) for s in seeds]),
        "entropy_drop": estimate([s.loops.real.entropy - s.loops.source.entropy for s in seeds]),
        "loop_entropy_drop": estimate([_entropy(g["real_start"]) - _entropy(g["loop"]) for g in last]),
        "coverage_loss": estimate([_coverage_loss(s) for s in seeds]),
    }
    erts = {b: estimate([s.ert[b] for s in steps], any(s.clamped[b] for s in steps)) for b in BUCKETS}
    used = tokens | {"ert_real": steps[0].real_tokens, "ert_synthetic": steps[0].synthetic_tokens}
    verdict = decide(
        {"ert": erts["all"], "ert_tail": erts["tail"], "ert_head": erts["head"]} | found, tokens["loop"], settings
    )
    return CanaryFigures(
        reason=None, tokens=used, ert=erts, weight=estimate([s.weight for s in steps]),
        delta={b: estimate([s.delta[b] for s in steps]) for b in BUCKETS}, controls=controls,
        real_text=mean_diversity([s.text for s in seeds]), penalty=found["penalty"], excess=found["excess"],
        slope=found["slope"], entropy_drop=found["entropy_drop"],
        loop_entropy_drop=found["loop_entropy_drop"], coverage_loss=found["coverage_loss"],
        harm=verdict.harm, warn=verdict.warn, reasons=verdict.reasons, score=verdict.score,
    )  # fmt: skip


def _entropy(generation: Generation) -> float:
    assert generation.samples is not None  # loops always write
    return generation.samples.entropy


def _coverage_loss(seed: Seed) -> float | None:
    real, own = seed.loops.real.coverage, seed.loops.source.coverage
    return None if not real or own is None else 1 - own / real


def _ratio(a: Generation, b: Generation) -> float | None:
    return None if a.perplexity is None or b.perplexity is None else a.perplexity / b.perplexity


def _slope(generations: Sequence[Generation]) -> float | None:
    """Of ln perplexity per generation, least squares over the last three."""
    first, _, last = (g.perplexity for g in generations[-3:])
    return None if first is None or last is None else float(np.log(last / first)) / 2
