"""How collapse is planted: generators of window texts from real windows. Every choice is a hash of a seed and a place.

Each takes the windows it works on, how many it is to give and its severity. The language models are the canaries' own
trigrams, trained on text that nobody else in a case sees: a benchmark of the gate against them has to be read beside
one against a model of another class.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from materials import Split, Window, unit

from stages.mix.canary import kneser_ney, sampler, vocabulary


def loop(
    teacher: Sequence[str], n: int, generations: int, seed: int, temperature: float = 1.0, top_p: float = 1.0
) -> list[str]:
    """The last of `generations` of train, sample, retrain: each as large as the teacher's text, the last of n windows.

    Generation 1 is written by a model of real text. The decoding is that of all generations.
    """
    known = vocabulary.build(teacher)
    names = np.array(["", "", *known.words()], dtype=object)
    text = vocabulary.flat(vocabulary.encode(teacher, known))
    length = len(teacher[0].split())
    for g in range(1, generations + 1):
        windows = n if g == generations else len(teacher)
        text = sampler.sample(kneser_ney.fit(text, known.size), windows, length, seed * 1000 + g, temperature, top_p)
    return [" ".join(row) for row in names[text.reshape(n, length + 2)[:, 2:]]]


def templates(pool: Sequence[str], n: int, frames: int, seed: int) -> list[str]:
    """Windows whose frequent words are those of one of `frames` windows, their other words drawn from the pool."""
    counts = Counter(word for text in pool for word in text.split())
    fixed = {word for word, _ in counts.most_common(300)}
    fill = [word for text in pool for word in text.split() if word not in fixed]
    out = []
    for i in range(n):
        frame = pool[int(unit(seed, "frame", i) * min(frames, len(pool)))].split()
        out.append(" ".join(w if w in fixed else fill[int(unit(seed, i, j) * len(fill))] for j, w in enumerate(frame)))
    return out


def truncated(pool: Sequence[str], n: int, keep: float, seed: int) -> list[str]:
    """The windows with the smallest share of rare words, `keep` of those looked at, as a careful filter leaves them."""
    looked = pool[: min(len(pool), round(n / keep))]
    counts = Counter(word for text in pool for word in text.split())
    ranked = sorted(looked, key=lambda text: (sum(counts[w] < 3 for w in text.split()), unit(seed, text)))
    return ranked[: min(n, round(len(looked) * keep))]


def substituted(pool: Sequence[str], n: int, share: float, seed: int) -> list[str]:
    """`share` of the rare words give way to a frequent follower of the word before them, as an editor would plainly."""
    counts = Counter(word for text in pool for word in text.split())
    usual: dict[str, Counter[str]] = {}
    for text in pool:
        words = text.split()
        for a, b in pairwise(words):
            if counts[b] >= 10:
                usual.setdefault(a, Counter())[b] += 1
    ranked = {a: [w for w, _ in found.most_common(5)] for a, found in usual.items()}
    return [" ".join(_plain(text.split(), counts, ranked, share, (seed, i))) for i, text in enumerate(pool[:n])]


def _plain(
    words: list[str], counts: Counter[str], ranked: dict[str, list[str]], share: float, place: tuple[int, int]
) -> list[str]:
    out = words[:1]
    for j, word in enumerate(words[1:]):
        choice = ranked.get(out[-1], [])
        replace = counts[word] < 5 and choice and unit(*place, j, "whether") < share
        out.append(choice[int(unit(*place, j) * len(choice))] if replace else word)
    return out


def copies(pool: Sequence[str], n: int, times: int, seed: int, noise: float = 0.03) -> list[str]:
    """N / times windows, each `times` times, with `noise` of the words exchanged for any of the pool's."""
    originals = pool[: max(1, n // times)]
    out = []
    for i in range(n):
        words = originals[i % len(originals)].split()
        for j in range(len(words)):
            if i >= len(originals) and unit(seed, i, j) < noise:
                other = pool[int(unit(seed, i, j, "from") * len(pool))].split()
                words[j] = other[j % len(other)]
        out.append(" ".join(words))
    return out


def flooded(pool: Sequence[str], n: int, factor: float, seed: int) -> list[str]:
    """One topic (a twentieth of the pool) at `factor` times its share; from 20 on its core alone, again and again."""
    ranked = _by_topic(pool, pool[int(unit(seed, "topic") * len(pool))])
    topic, rest = ranked[: max(1, len(pool) // 20)], ranked[max(1, len(pool) // 20) :]
    if factor > 20:
        topic = topic[: max(1, len(topic) // 5)]
    wanted = min(n, round(n * factor / 20))
    return [topic[i % len(topic)] for i in range(wanted)] + sorted(rest, key=lambda t: unit(seed, t))[: n - wanted]


def _by_topic(pool: Sequence[str], centre: str) -> list[str]:
    """Closest to `centre` first, by common words weighted by their rarity; the neighbourhood is widened once."""
    counts = Counter(word for text in pool for word in set(text.split()))

    def rank(words: Counter[str]) -> list[str]:
        weights = {w: c * np.log(len(pool) / counts[w]) for w, c in words.items() if 1 < counts[w] < len(pool) / 10}
        return sorted(pool, key=lambda t: (-round(sum(weights.get(w, 0.0) for w in set(t.split())), 9), t))

    near = rank(Counter(centre.split()))[:20]
    return rank(Counter(word for text in near for word in set(text.split())))


CONFUSED = {
    "e": "c",
    "c": "e",
    "l": "1",
    "i": "l",
    "o": "0",
    "h": "b",
    "b": "h",
    "n": "u",
    "u": "n",
    "t": "f",
    "s": "5",
}


def misread(pool: Sequence[str], n: int, rate: float, seed: int) -> list[str]:
    """Letters misread as a scanner would, `rate` of those that have a likeness."""
    return [
        "".join(CONFUSED[c] if c in CONFUSED and unit(seed, i, j) < rate else c for j, c in enumerate(text))
        for i, text in enumerate(pool[:n])
    ]


def texts(windows: Sequence[Window]) -> list[str]:
    """The windows' words."""
    return [w.text for w in windows]


def clean(bed: Split, n: int, without: Sequence[str]) -> list[str]:
    """At most n real windows of the pool to thin a planted source with, none of which it holds already."""
    held = set(without)
    return [w.text for w in reversed(bed.pool) if w.text not in held][:n]
