"""The loop's bookkeeping: what is kept, what is written anew, and that a control is a control."""

import numpy as np
import pytest

from stages.mix.canary import kneser_ney, loop, sampler
from stages.mix.canary.diversity import diversity
from stages.mix.canary.held_out import prepare
from stages.mix.canary.params import CanaryParams
from stages.mix.canary.vocabulary import flat

SIZE, WORDS = 60, 8
RARE = np.arange(40, 60, dtype=np.int32)


def text(count, salt, most=58):
    return [
        np.array([0, 0, *(2 + (i * 7 + j * j * 3 + salt * i * j) % most for j in range(WORDS))], dtype=np.int32)
        for i in range(count)
    ]


REAL, MADE = text(40, 1), text(20, 3, most=9)
PARAMS = CanaryParams(generations=3, temperature=0.5)
HELD = prepare(text(30, 2), np.full(SIZE + 1, 3, dtype=np.int64), 180, PARAMS)
WORLD = loop.World(HELD, RARE, SIZE, WORDS, PARAMS)


@pytest.fixture(scope="module")
def found():
    return loop.run(WORLD, REAL, 25, MADE, seed=2)


def test_generation_0_is_the_mixture_itself(found):
    mixture = flat([*REAL[:25], *MADE[:15]])
    assert found.generations["loop"][0] == WORLD.generation(
        kneser_ney.fit(mixture, SIZE), sampler.sample(kneser_ney.fit(mixture, SIZE), 15, WORDS, 2000, 0.5)
    )


def test_later_generations_keep_the_real_part_and_write_the_rest(found):
    model = kneser_ney.fit(flat([*REAL[:25], *MADE[:15]]), SIZE)
    written = sampler.sample(model, 15, WORDS, 2000, 0.5)
    second = kneser_ney.fit(np.concatenate([flat(REAL[:25]), written]), SIZE)
    assert found.generations["loop"][1].perplexity == WORLD.generation(second).perplexity


def test_each_generation_draws_anew(found):
    written = flat(MADE[:15])
    for seed in (2000, 2001, 2002):
        model = kneser_ney.fit(np.concatenate([flat(REAL[:25]), written]), SIZE)
        written = sampler.sample(model, 15, WORDS, seed, 0.5)
    last = kneser_ney.fit(np.concatenate([flat(REAL[:25]), written]), SIZE)
    assert found.generations["loop"][3].perplexity == WORLD.generation(last).perplexity


def test_controls_start_where_they_say_and_write_at_temperature_1(found):
    model = kneser_ney.fit(flat(REAL), SIZE)
    start = found.generations["real_start"][0]
    assert start.perplexity == found.generations["real_fixed"][0].perplexity == WORLD.generation(model).perplexity
    assert start.samples == diversity(sampler.sample(model, 15, WORDS, 2000), RARE) == found.real
    part = WORLD.generation(kneser_ney.fit(flat(REAL[:25]), SIZE))
    assert found.generations["real_part"] == [part] * 4


def test_the_source_is_asked_at_temperature_1_whatever_is_declared(found):
    model = kneser_ney.fit(flat([*REAL[:25], *MADE[:15]]), SIZE)
    assert found.source == diversity(sampler.sample(model, 15, WORDS, 2000), RARE)
    assert found.source != found.generations["loop"][0].samples


def test_replace_forgets_the_real_part_and_is_left_out_where_nobody_asks(found):
    model = kneser_ney.fit(flat([*REAL[:25], *MADE[:15]]), SIZE)
    second = kneser_ney.fit(sampler.sample(model, 40, WORDS, 2000), SIZE)
    assert found.generations["replace"][1].perplexity == WORLD.generation(second).perplexity
    without = loop.run(WORLD, REAL, 25, MADE, seed=2, replace=False).generations
    assert without == {name: g for name, g in found.generations.items() if name != "replace"}


def test_fresh_text_goes_around_all_there_is():
    ends = loop.fresh(WORLD, REAL, 25)
    assert len(ends) == 4
    assert ends[1] == WORLD.generation(kneser_ney.fit(flat([*REAL[25:], *REAL[:10]]), SIZE))
    assert ends[0] == WORLD.generation(kneser_ney.fit(flat(REAL[:25]), SIZE))


def test_where_nobody_is_scored_there_is_no_perplexity():
    nobody = prepare([], np.ones(SIZE + 1, dtype=np.int64), 180, PARAMS)
    world = loop.World(nobody, RARE, SIZE, WORDS, PARAMS)
    assert world.generation(kneser_ney.fit(flat(REAL), SIZE)).perplexity is None


@pytest.mark.parametrize("share", [0, 0.5])
def test_one_context_loses_variety_as_the_closed_form_says(share):
    """The chance that two words are the same, after Seddik et al. 2024 (arXiv 2404.05090), over 100 loops.

    In a single context of equally frequent words the model is their frequencies. Each generation writes n words:
    v' = (1 - share)^2 (v + (1 - S) / n), where v = S - 1 / words. Without real text: S_m = 1 - (1 - 1/n)^m (1 - S_0).
    """
    kinds, size, rounds = 40, 400, 3
    nobody = prepare([], np.ones(kinds + 3, dtype=np.int64), 180, PARAMS)
    world = loop.World(nobody, np.arange(2, kinds + 2, dtype=np.int32), kinds + 2, 1, PARAMS)
    real = [np.array([0, 0, 2 + i % kinds], dtype=np.int32) for i in range(size)]
    base, missing = flat(real[: int(share * size)]), size - int(share * size)
    same = np.zeros((100, rounds + 1))
    for seed in range(len(same)):
        made = flat(real[len(base) // 3 :])
        for g in range(rounds + 1):
            mixture = np.concatenate([base, made])
            same[seed, g] = (np.bincount(mixture[mixture > 1]) ** 2).sum() / size**2
            made = world.write(kneser_ney.fit(mixture, world.size), missing, seed * 1000 + g, plain=True)
    spread, expected = 0.0, [1 / kinds]
    for _ in range(rounds):
        spread = (1 - share) ** 2 * (spread + (1 - expected[-1]) / missing)
        expected.append(1 / kinds + spread)
    if not share:
        assert expected == pytest.approx([1 - (1 - 1 / size) ** m * (1 - 1 / kinds) for m in range(rounds + 1)])
    errors = same.std(axis=0, ddof=1) / 10
    assert same[0, 0] == pytest.approx(1 / kinds)
    assert (np.abs(same.mean(axis=0) - expected)[1:] < 3 * errors[1:]).all()
    assert same.mean(axis=0)[-1] > 1 / kinds + 10 * errors[-1], "or nothing was tested"
