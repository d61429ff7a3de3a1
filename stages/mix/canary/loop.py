"""The closed loop: train on the mixture, let the model write the synthetic part anew, train again.

The real part stays as it is, as in the next release of a corpus that people go on crawling little of. Controls at the
same number of tokens say what a figure means; what they write is written at temperature 1:

- real_fixed: real text alone, the same each generation; what the loop would be without any synthetic text.
- real_fresh: real text alone, another selection each generation (as far as the real text reaches).
- replace: no real part at all from the first generation on; what the loop would be without any real text.
- real_start: the loop of the mixture, but real text in the place of the source; what every mixture of this share costs.
- real_part: the loop's real part alone, which is less text; what the loop would be if nothing were mixed in.

A trigram's loop bounds statistical error, not how a larger model errs: it orders mixtures and predicts no perplexity.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stages.mix.canary.diversity import Diversity, diversity
from stages.mix.canary.held_out import HeldOut
from stages.mix.canary.kneser_ney import Model, fit
from stages.mix.canary.params import CanaryParams
from stages.mix.canary.sampler import sample
from stages.mix.canary.vocabulary import Ids, flat

REAL_CONTROLS = ("real_fixed", "real_fresh", "real_part")
CONTROLS = ("loop", "real_start", "replace", *REAL_CONTROLS)


@dataclass(frozen=True)
class Generation:
    """A model's perplexity on held-out text and tail loss (nats per token), and its samples (null where it writes
    nothing) at the size of the loop's synthetic part.
    """

    perplexity: float | None
    tail: float | None
    samples: Diversity | None


@dataclass(frozen=True)
class Loops:
    """Generations by control, and what the models of generation 0 of loop and real_start write at temperature 1."""

    generations: dict[str, list[Generation]]
    source: Diversity
    real: Diversity


@dataclass(frozen=True)
class World:
    """What all loops of one judgement share."""

    held: HeldOut
    rare: Ids
    size: int  # of the vocabulary
    words: int  # of a window
    params: CanaryParams

    def generation(self, model: Model, samples: Ids | None = None) -> Generation:
        """Measure a model and what it wrote."""
        means = self.held.means(self.held.losses(model))
        loss = means["all"]
        written = None if samples is None else diversity(samples, self.rare)
        return Generation(None if loss is None else float(np.exp(loss)), means["tail"], written)

    def write(self, model: Model, windows: int, seed: int, plain: bool = False) -> Ids:
        """Samples with the declared decoding, or at temperature 1."""
        temperature, top_p = (1.0, 1.0) if plain else (self.params.temperature, self.params.top_p)
        return sample(model, windows, self.words, seed, temperature, top_p)


def run(
    world: World, real: Sequence[Ids], kept: int, synthetic: Sequence[Ids], seed: int, *, replace: bool = True
) -> Loops:
    """Generations 0 to G of the loop and its controls, from `real` windows of which the loop keeps the first `kept`.

    `len(real)` is the size of all mixtures; the loop takes as many of `synthetic` as are missing. `replace`:
    whether that control is run, which is shown and turns no key.
    """
    base, missing = flat(real[:kept]), len(real) - kept
    made, start = flat(synthetic[:missing]), flat(real[kept:])
    out = {
        "loop": list(_loop(world, base, made, missing, seed, plain=False)),
        "real_start": list(_loop(world, base, start, missing, seed, plain=True)),
    }
    if replace:
        both = np.concatenate([base, made])
        out["replace"] = list(_loop(world, flat([]), both, len(real), seed, plain=True))
    for name, tokens in {"real_fixed": flat(real), "real_part": base}.items():
        out[name] = [world.generation(fit(tokens, world.size))] * (world.params.generations + 1)
    first = fit(np.concatenate([base, made]), world.size)
    plain = diversity(world.write(first, missing, seed * 1000, plain=True), world.rare)
    written = out["real_start"][0].samples
    assert written is not None  # loops always write
    return Loops(out, plain, written)


def fresh(world: World, real: Sequence[Ids], windows: int) -> list[Generation]:
    """The control real_fresh: each generation takes the next `windows` of all real windows, around and around."""
    out = []
    for g in range(world.params.generations + 1):
        chosen = [real[(g * windows + i) % len(real)] for i in range(windows)]
        out.append(world.generation(fit(flat(chosen), world.size)))
    return out


def _loop(world: World, base: Ids, made: Ids, missing: int, seed: int, plain: bool) -> Iterator[Generation]:
    for g in range(world.params.generations + 1):
        model = fit(np.concatenate([base, made]), world.size)
        made = world.write(model, missing, seed * 1000 + g, plain)
        yield world.generation(model, made)
