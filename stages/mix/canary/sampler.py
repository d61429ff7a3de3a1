"""Windows drawn from a Kneser-Ney model, with temperature and top-p. Every bit is a function of model, seed and place.

Random numbers are hashes of (seed, window, count of draws), as in splitmix64 (Steele, Lea and Flood 2014): a window
does not depend on those drawn before it, so that any part of the work gives the same bits. A generator coins no words:
the mass that a model keeps for words it has not seen goes to those it has.

At temperature 1 a word is drawn by order: with a context's own mass from its words, else from the order below. Below 1
a draw is taken with the chance (P / most)^(1/T - 1), where `most` is at least the context's largest P: rejection, and
so exact. Top-p takes a word if its P reaches the smallest of the P that PROBES draws in the same context need to hold
top_p of them: an estimate of the nucleus with a standard error of .04 at .95. A context's bound is a function of the
seed and the context and is kept. Nobody here knows a word.
"""

import numpy as np
from numba import njit

from stages.mix.canary.kneser_ney import Model, Reals, follow, probability
from stages.mix.canary.vocabulary import Ids

PROBES = 32
_TRIES = 10_000  # then the last draw is taken: no temperature from .3 on comes near it
_STEP = np.uint64(0x9E3779B97F4A7C15)


def sample(model: Model, windows: int, words: int, seed: int, temperature: float = 1.0, top_p: float = 1.0) -> Ids:
    """`windows` windows of `words` ids, end to end, each behind two BEGINs. Temperature and top_p lie in (0, 1]."""
    return _sample(model._replace(uni=model.seen), windows, words, np.uint64(seed), 1 / temperature - 1, top_p)


@njit(cache=True)
def mix(z: np.uint64) -> np.uint64:
    """The finaliser of splitmix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def _unit(state: np.uint64) -> float:
    """In [0, 1), with 53 bits."""
    return (mix(state) >> np.uint64(11)) * 2.0**-53


@njit(cache=True)
def _pick(sums: np.ndarray, a: int, b: int, d: float, x: float) -> int:
    """The entry of a:b at which discounted counts, added up, pass x; -1 where x lies beyond them all."""
    if x >= sums[b] - sums[a] - d * (b - a):
        return -1
    low, high = a, b - 1
    while low < high:
        middle = (low + high) >> 1
        if sums[middle + 1] - sums[a] - d * (middle + 1 - a) > x:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def _draw(m: Model, context: int, v: int, state: np.uint64) -> tuple[int, np.uint64]:
    """One word at temperature 1, and the state behind it."""
    if context >= 0:
        a, b = m.tri_start[context], m.tri_start[context + 1]
        if b > a:
            state += _STEP
            k = _pick(m.tri_sums, a, b, m.d3, _unit(state) * (m.tri_sums[b] - m.tri_sums[a]))
            if k >= 0:
                return m.tri_words[k], state
    a, b = m.bi_start[v], m.bi_start[v + 1]
    if b > a:
        state += _STEP
        k = _pick(m.bi_sums, a, b, m.d2, _unit(state) * (m.bi_sums[b] - m.bi_sums[a]))
        if k >= 0:
            return m.bi_words[k], state
    state += _STEP
    b = len(m.uni_words)
    k = _pick(m.uni_sums, 0, b, m.d1, _unit(state) * m.uni_sums[b]) if b else -1
    if k >= 0:
        return m.uni_words[k], state
    state += _STEP
    if b == 0:
        return 1 + int(_unit(state) * (len(m.uni) - 1)), state
    return m.uni_words[int(_unit(state) * b)], state


@njit(cache=True)
def _tempered(m: Model, context: int, v: int, power: float, state: np.uint64) -> tuple[int, np.uint64]:
    """One word at temperature 1 / (1 + power), and the state behind it."""
    word, state = _draw(m, context, v, state)
    if power == 0.0:
        return word, state
    most = m.bi_most[v]
    if context >= 0:
        most = m.tri_most[context]
    p = probability(m, context, v, word)
    for _ in range(_TRIES):
        state += _STEP
        if _unit(state) < (p / most) ** power:
            break
        word, state = _draw(m, context, v, state)
        p = probability(m, context, v, word)
    return word, state


@njit(cache=True)
def _bound(m: Model, context: int, v: int, power: float, top_p: float, state: np.uint64) -> float:
    """The smallest P of the nucleus, as PROBES draws have it."""
    found = np.empty(PROBES, dtype=np.float64)
    for i in range(PROBES):
        word, state = _tempered(m, context, v, power, state)
        found[i] = probability(m, context, v, word)
    found.sort()
    return float(found[int((1.0 - top_p) * PROBES)])


@njit(cache=True)
def _nucleus(
    m: Model, context: int, v: int, power: float, top_p: float, bounds: Reals, seed: np.uint64, state: np.uint64
) -> tuple[int, np.uint64]:
    place = context if context >= 0 else len(m.tri_most) + v
    if bounds[place] < 0.0:
        bounds[place] = _bound(m, context, v, power, top_p, mix(seed ^ mix(np.uint64(place) + _STEP)))
    word, state = _tempered(m, context, v, power, state)
    for _ in range(_TRIES):
        if probability(m, context, v, word) >= bounds[place]:
            break
        word, state = _tempered(m, context, v, power, state)
    return word, state


@njit(cache=True)
def _sample(m: Model, windows: int, words: int, seed: np.uint64, power: float, top_p: float) -> Ids:
    out = np.zeros(windows * (words + 2), dtype=np.int32)
    bounds = np.full(len(m.tri_most) + len(m.bi_most) if top_p < 1.0 else 0, -1.0)
    for i in range(windows):
        state = mix(seed * _STEP + np.uint64(i) * np.uint64(0xD1B54A32D192ED03) + np.uint64(1))
        context, v, place = 0, 0, i * (words + 2) + 2
        for j in range(words):
            if top_p < 1.0:
                word, state = _nucleus(m, context, v, power, top_p, bounds, seed, state)
            else:
                word, state = _tempered(m, context, v, power, state)
            context = follow(m, v, word)
            v = word
            out[place + j] = word
    return out
