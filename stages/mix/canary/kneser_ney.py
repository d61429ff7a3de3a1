"""An interpolated Kneser-Ney trigram: fitted from ids, asked for probabilities. Knows no words, files or sources.

P(w|u,v) = max(c(u,v,w) - D3, 0) / c(u,v) + D3 N(u,v,.) / c(u,v) P(w|v), where P(w|v) and P(w) are the same over counts
of different predecessors, and P(w) ends in the uniform distribution over the closed vocabulary (Chen and Goodman 1999,
section 2.7). One absolute discount per order, n1 / (n1 + 2 n2), held within [.4, .95]: counts of repeated text make the
estimate degenerate (a corpus given twice has no n-gram that occurs once). An unseen context passes all its mass on.

Sorted arrays form a trie: context 0 is the begin of a window, context b + 1 is bigram b, whose words lie at
`tri_start[b + 1]` to `tri_start[b + 2]`. About 40 bytes per token of ordinary text while fitting, 25 afterwards.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.mix.canary.vocabulary import BITS, Ids

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
MIN_DISCOUNT, MAX_DISCOUNT = 0.4, 0.95


class Model(NamedTuple):
    """Words and cumulated counts of three orders, with their discounts; `*_most` bounds a context's largest P."""

    tri_start: Ints
    tri_words: Ids
    tri_sums: Ints  # cumulated counts: entry k occurs tri_sums[k + 1] - tri_sums[k] times
    tri_most: Reals
    bi_start: Ints  # of each id's bigrams
    bi_words: Ids
    bi_sums: Ints
    bi_most: Reals
    uni_words: Ids
    uni_sums: Ints
    uni: Reals  # P(w) by id
    seen: Reals  # the same, if the last mass goes to the words that occur alone
    d3: float
    d2: float
    d1: float


def fit(tokens: Ids, size: int) -> Model:
    """A model of windows end to end (each behind two BEGINs) over the ids 1 to `size`."""
    tri_keys, tri_counts = _counted(_keys(tokens))
    bi_keys, bi_counts = _counted(tri_keys & ((1 << 2 * BITS) - 1))
    words, uni_counts = _counted(bi_keys & ((1 << BITS) - 1))
    d3, d2, d1 = (discount(c) for c in (tri_counts, bi_counts, uni_counts))
    bi_start = _ranges(bi_keys >> BITS, np.arange(size + 1))
    tri_start = _ranges(tri_keys >> BITS, np.concatenate([np.zeros(1, dtype=np.int64), bi_keys]))
    bi_sums, tri_sums, uni_sums = (_sums(c) for c in (bi_counts, tri_counts, uni_counts))
    uni, seen = _unigrams(words, uni_counts, size, d1)
    bi_most = _most(bi_start, bi_sums, d2, np.full(size + 1, seen.max()))
    back = np.concatenate([np.zeros(1, dtype=np.int64), bi_keys & ((1 << BITS) - 1)])
    tri_most = _most(tri_start, tri_sums, d3, bi_most[back])
    return Model(
        tri_start, _ids(tri_keys), tri_sums, tri_most, bi_start, _ids(bi_keys), bi_sums, bi_most,
        words.astype(np.int32), uni_sums, uni, seen, d3, d2, d1,
    )  # fmt: skip


def discount(counts: Ints) -> float:
    """The absolute discount of one order, from how many n-grams occur once and twice."""
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    estimate = once / (once + 2 * twice) if once else 0.0
    return min(MAX_DISCOUNT, max(MIN_DISCOUNT, estimate))


class Asked(NamedTuple):
    """Windows end to end, and the places of their words by the pairs and by the triples that end there.

    In that order neighbours are found side by side in a model: four times as fast as word after word, and the same P.
    """

    tokens: Ids
    by_pair: Ints
    by_triple: Ints


def ask(tokens: Ids) -> Asked:
    """What several models are to be asked of: windows end to end, each behind two BEGINs."""
    places = np.flatnonzero(tokens > 0)
    wide = tokens.astype(np.int64)
    pairs = (wide[places - 1] << BITS) | wide[places]
    triples = (wide[places - 2] << 2 * BITS) | pairs
    return Asked(tokens, *(places[np.argsort(keys, kind="stable")] for keys in (pairs, triples)))


def evaluate(model: Model, asked: Asked) -> Reals:
    """P of each id in its window, float64 of the same length; 1 for BEGINs."""
    return _evaluate(model, asked.tokens, asked.by_pair, asked.by_triple)


def _keys(tokens: Ids) -> Ints:
    wide = tokens.astype(np.int64)
    return ((wide[:-2] << 2 * BITS) | (wide[1:-1] << BITS) | wide[2:])[tokens[2:] > 0]


def _counted(keys: Ints) -> tuple[Ints, Ints]:
    """Distinct keys in order and how often each occurs."""
    ordered = np.sort(keys)
    first = np.flatnonzero(np.concatenate([np.ones(min(1, len(keys)), dtype=bool), ordered[1:] != ordered[:-1]]))
    return ordered[first], np.diff(np.append(first, len(keys)))


def _ranges(owners: Ints, contexts: Ints) -> Ints:
    """Where each context's entries start, and behind the last where they end; both arguments are sorted."""
    return np.append(_starts(owners, contexts), len(owners)).astype(np.int64)


def _sums(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])


def _ids(keys: Ints) -> Ids:
    return (keys & ((1 << BITS) - 1)).astype(np.int32)


def _unigrams(words: Ints, counts: Ints, size: int, d1: float) -> tuple[Reals, Reals]:
    total = max(1, int(counts.sum()))
    rest = d1 * len(words) / total if len(words) else 1.0
    own, everywhere = np.zeros(size + 1), np.arange(size + 1) > 0
    own[words] = (counts - d1) / total
    occurs = own > 0 if len(words) else everywhere
    return own + everywhere * (rest / size), own + occurs * (rest / occurs.sum())


@njit(cache=True)
def _starts(owners: Ints, contexts: Ints) -> Ints:
    out, place = np.empty(len(contexts), dtype=np.int64), 0
    for i in range(len(contexts)):
        while place < len(owners) and owners[place] < contexts[i]:
            place += 1
        out[i] = place
    return out


@njit(cache=True)
def _most(start: Ints, sums: Ints, d: float, below: Reals) -> Reals:
    """At most this is any word's P in each context, where `below` says the same of the context one word shorter."""
    out = below.copy()
    for i in range(len(out)):
        a, b, most = start[i], start[i + 1], 0
        for k in range(a, b):
            most = max(most, sums[k + 1] - sums[k])
        if b > a:
            out[i] = (most - d + d * (b - a) * below[i]) / (sums[b] - sums[a])
    return out


@njit(cache=True)
def find(words: Ids, a: int, b: int, word: int) -> int:
    """Where `word` stands in words[a:b], which are in order; -1 where it does not."""
    end = b
    while a < b:
        middle = (a + b) >> 1
        if words[middle] < word:
            a = middle + 1
        else:
            b = middle
    return a if a < end and words[a] == word else -1


@njit(cache=True)
def follow(m: Model, v: int, word: int) -> int:
    """The context that v and word make; -1 is unseen."""
    k = find(m.bi_words, m.bi_start[v], m.bi_start[v + 1], word)
    return k + 1 if k >= 0 else -1


@njit(cache=True, inline="always")
def _longer(p: float, d: float, words: Ids, sums: Ints, a: int, b: int, word: int) -> tuple[float, int]:
    """P(word) in a context whose words are a:b, given its P in the context one word shorter; where it stands, or -1."""
    if b <= a:
        return p, -1
    k = find(words, a, b, word)
    p *= d * (b - a)
    if k >= 0:
        p += sums[k + 1] - sums[k] - d
    return p / (sums[b] - sums[a]), k


@njit(cache=True, inline="always")
def _by_pair(m: Model, v: int, word: int) -> tuple[float, int]:
    """P(word | v), and the context that both make; -1 is unseen."""
    p, k = _longer(m.uni[word], m.d2, m.bi_words, m.bi_sums, m.bi_start[v], m.bi_start[v + 1], word)
    return p, k + 1 if k >= 0 else -1


@njit(cache=True, inline="always")
def _by_triple(m: Model, p: float, context: int, word: int) -> float:
    """P(word | context), given its P in the context one word shorter."""
    if context < 0:
        return p
    return _longer(p, m.d3, m.tri_words, m.tri_sums, m.tri_start[context], m.tri_start[context + 1], word)[0]


@njit(cache=True)
def probability(m: Model, context: int, v: int, word: int) -> float:
    """P(word | context, v); context -1 is unseen."""
    return _by_triple(m, _by_pair(m, v, word)[0], context, word)


@njit(cache=True)
def _evaluate(m: Model, tokens: Ids, by_pair: Ints, by_triple: Ints) -> Reals:
    out, context = np.ones(len(tokens), dtype=np.float64), np.zeros(len(tokens) + 1, dtype=np.int64)
    for i in by_pair:
        out[i], context[i + 1] = _by_pair(m, tokens[i - 1], tokens[i])
    for i in by_triple:
        out[i] = _by_triple(m, out[i], context[i], tokens[i])
    return out
