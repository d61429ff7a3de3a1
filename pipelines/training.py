"""What both trainings share: labelled rows, a split by hash, a deterministic model file, figures with intervals.

Knows nothing of quality or toxicity. Rows come from $SLUICEGATE_CORPORA; no row is copied into the project.
"""

import gzip
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import BadInput
from pipelines.files import file_digest, write_text
from stages.fasttext_models import PREFIX, Recipe, plain, score, train

ROOT = Path(__file__).resolve().parent.parent
HELD_OUT = 5  # one row in five


@dataclass(frozen=True)
class Row:
    """A text, where it comes from, and what it is an example of. A row without label is only measured."""

    part: str
    label: str | None
    text: str


def corpora() -> Path:
    """Folder of training and benchmark data: $SLUICEGATE_CORPORA, or ../shared/corpora beside the checkout."""
    folder = Path(os.environ.get("SLUICEGATE_CORPORA", ROOT.parent / "shared" / "corpora"))
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder: set SLUICEGATE_CORPORA to where the training data lie")
    return folder


def json_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def prepared(rows: Iterable[Row]) -> list[Row]:
    """The rows as the model will see them, each text once (the first label stands), in the order of their hashes."""
    kept = list(rows)
    texts = pl.DataFrame({"text": [row.text for row in kept]}).select(plain("text"))["text"].to_list()
    once: dict[str, Row] = {}
    for row, text in zip(kept, texts):
        if text:
            once.setdefault(text, Row(row.part, row.label, text))
    return [once[text] for text in sorted(once, key=_hash)]


def split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Rows to learn from and rows held out, by the hash of the text: the same text always falls on the same side."""
    held = [int(_hash(row.text)[:8], 16) % HELD_OUT == 0 for row in rows]
    return [r for r, h in zip(rows, held) if not h], [r for r, h in zip(rows, held) if h]


def windows(row: Row, words: int) -> list[Row]:
    """The row cut into pieces of `words` words; a remainder below half of that is left out, unless it is all."""
    parts = row.text.split(" ")
    starts = [i for i in range(0, len(parts), words) if i == 0 or len(parts) - i >= words // 2]
    return [Row(row.part, row.label, " ".join(parts[i : i + words])) for i in starts]


def fit(rows: Sequence[Row], recipe: Recipe, out: Path) -> str:
    """Train on `rows` in the given order, write `out` (model.ftz) and sha256 beside it, and return the digest."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="train-") as folder:
        lines = Path(folder) / "rows.txt"
        lines.write_text("".join(f"{PREFIX}{row.label} {row.text}\n" for row in rows), encoding="utf-8")
        train(str(lines), str(out), recipe)
    digest = file_digest(out)
    write_text(out.parent / "sha256", f"{digest}  {out.name}\n")
    return digest


def scores(model: Path, rows: Sequence[Row], label: str) -> list[float]:
    """Score prepared rows with a model."""
    return score(str(model), [row.text for row in rows], label)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Interval:
    """A figure with the bounds of its 95 % interval, and what it was counted on."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] (n = {self.n:,})"


def share(hits: int, n: int) -> Interval:
    """Wilson's interval of a share (Wilson 1927)."""
    if not n:
        return Interval(math.nan, 0.0, 1.0, 0)
    z, p = 1.96, hits / n
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Interval(p, max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale), n)


def auc(positive: Sequence[float], negative: Sequence[float]) -> Interval:
    """Area under the ROC curve, ties counted half, with the interval of Hanley and McNeil (1982)."""
    n, m = len(positive), len(negative)
    if not n or not m:
        return Interval(math.nan, 0.0, 1.0, n + m)
    ranks = pl.Series([*positive, *negative]).rank("average")
    area = (float(ranks.head(n).sum()) - n * (n + 1) / 2) / (n * m)
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = (area * (1 - area) + (n - 1) * (q1 - area**2) + (m - 1) * (q2 - area**2)) / (n * m)
    half = 1.96 * math.sqrt(max(0.0, variance))
    return Interval(area, max(0.0, area - half), min(1.0, area + half), n + m)


def figures(name: str, rows: Sequence[Row], found: Sequence[float], label: str, bound: float) -> str:
    """One line of a card's table: AUC, and precision and recall of `label` at `bound`."""
    positive = [s for s, row in zip(found, rows) if row.label == label]
    negative = [s for s, row in zip(found, rows) if row.label != label]
    hits, wrong = sum(s >= bound for s in positive), sum(s >= bound for s in negative)
    precision, recall = share(hits, hits + wrong), share(hits, len(positive))
    return f"| {name} | {auc(positive, negative)} | {precision} | {recall} |"


HEAD = "| held-out rows | AUC | precision at {bound} | recall at {bound} |\n|---|---|---|---|"
