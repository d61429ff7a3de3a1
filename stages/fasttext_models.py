"""fastText models: the likeliest label of a text, the probability of one label, training. The only door to fasttext.

A model is named by its file; it is read once per process. The module does not know what a model measures, where its
file comes from, or that its digest was checked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import fasttext
import numpy as np
import polars as pl
from numpy.typing import NDArray

PREFIX = "__label__"
LOOK = 1000  # characters: language is clear by then, and the whole text costs five times as much
UNKNOWN = ("und", 0.0)
BATCH = 256  # texts handed over at once: bounds the copies
_INSIDE = r"[^ \t\n\v\f\r\0]"  # what does not part words in C++
_END = re.compile(rf"</s>(?<!{_INSIDE}</s>)(?!{_INSIDE})")


def top_label(path: str, texts: Sequence[str]) -> list[tuple[str, float]]:
    """Name the likeliest label of the first 1,000 characters of each text, without prefix, and its probability.

    Probabilities lie in [0, 1] and are rounded to 1e-4; an empty or blank text is ("und", 0.0).
    """
    heads = [text[:LOOK] for text in texts]
    found = _predict(path, heads, k=1)
    return [_best(pairs) if head.strip() else UNKNOWN for head, pairs in zip(heads, found)]


def score(path: str, texts: Sequence[str], label: str) -> list[float]:
    """Give the probability of `label` (without prefix) over each whole text, in [0, 1], rounded to 1e-4.

    A text of which the model knows no word gets what the model makes of an empty line.
    Raises ValueError where the model has no such label.
    """
    wanted = PREFIX + label
    if wanted not in labels(path):
        raise ValueError(f"{path} has no label {label!r}; it has {', '.join(labels(path))}")
    found = _predict(path, texts, k=-1)
    return [next((_rounded(p) for name, p in pairs if name == wanted), 0.0) for pairs in found]


@cache
def labels(path: str) -> tuple[str, ...]:
    """List the labels of a model, sorted, with prefix."""
    return tuple(sorted(_model(path).get_labels()))


def plain(column: str) -> pl.Expr:
    """`column` as models here are trained and asked: lower case, letters, digits and apostrophes, one space between.

    A label's prefix cannot survive this, so that a page cannot name its own label.
    """
    return pl.col(column).str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}']+", " ").str.strip_chars(" ")


@cache
def _model(path: str) -> Any:  # noqa: ANN401  (fasttext has no types)
    return fasttext.load_model(path)


def _predict(path: str, texts: Sequence[str], k: int) -> list[list[tuple[str, float]]]:
    model = _model(path)
    out: list[list[tuple[str, float]]] = []
    for start in range(0, len(texts), BATCH):
        names, probabilities = model.predict([_line(t) for t in texts[start : start + BATCH]], k=k)
        out += [list(zip(n, map(float, p))) for n, p in zip(names, probabilities)]
    return out


def _line(text: str) -> str:
    """One line that C++ can take: no newline and no word `</s>` (either would end the text), no lone surrogate."""
    return _END.sub(" ", text).replace("\n", " ").encode("utf-8", "replace").decode("utf-8")


def _best(found: list[tuple[str, float]]) -> tuple[str, float]:
    return (found[0][0].removeprefix(PREFIX), _rounded(found[0][1])) if found else UNKNOWN


def _rounded(probability: float) -> float:
    """Round; the softmax of fastText may exceed 1 by 1e-5."""
    return round(min(1.0, max(0.0, probability)), 4)


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained. `cutoff` is the number of words and n-grams that survive quantisation."""

    seed: int = 1
    dim: int = 16
    epoch: int = 10
    lr: float = 0.5
    ngrams: int = 2
    bucket: int = 100_000
    min_count: int = 2
    cutoff: int = 20_000


def train(rows: str, out: str, recipe: Recipe) -> None:
    """Train a classifier on the file `rows` (one `__label__x text` per line), quantise it and write it to `out`.

    One thread and a seed: the same rows in the same order give the same bytes on the same CPU family.
    Needs at least 256 different words. Raises ValueError below.
    """
    common = {"lr": recipe.lr, "epoch": recipe.epoch, "thread": 1, "verbose": 0}
    model = fasttext.train_supervised(
        rows,
        dim=recipe.dim,
        wordNgrams=recipe.ngrams,
        bucket=recipe.bucket,
        minCount=recipe.min_count,
        seed=recipe.seed,
        **common,
    )
    model.quantize(input=rows, cutoff=recipe.cutoff, retrain=True, qnorm=True, **common)
    model.save_model(out)
    _model.cache_clear()  # the file may have been read before
    labels.cache_clear()


def train_vectors(rows: str, dimensions: int) -> tuple[list[str], NDArray[np.float32], NDArray[np.int64]]:
    """Words of the file `rows` (a text per line), their skip-gram vectors (words x dimensions), and their counts.

    Words of five occurrences and more. One thread and fastText's own seed: the same file gives the same bits on one
    CPU family. Raises ValueError where no word occurs so often.
    """
    model = fasttext.train_unsupervised(
        rows, model="skipgram", dim=dimensions, epoch=3, minCount=5, minn=0, maxn=0, thread=1, verbose=0
    )
    words, counts = model.get_words(include_freq=True)
    return words, model.get_input_matrix()[: len(words)], np.asarray(counts, dtype=np.int64)
