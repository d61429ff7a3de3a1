"""`python -m benchmarks.extract.quality [--half tuning|reported|all]`: is the main text right?

Scores this project, trafilatura's defaults and resiliparse on public page sets, per page type and language. Pages with
a full truth get word F1 each; pages with snippets the share of snippets judged rightly. Differences to trafilatura's
defaults come with a 95 % interval of a paired bootstrap over pages. On recipes: the share of ingredients and
instructions that the text contains. Thresholds were chosen on the tuning half (pages by hash of their record id).
"""

import argparse
import logging
import random
import re
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from trafilatura import extract

from benchmarks.extract.corpora import Sample, metrics, read
from stages.extract import engine
from stages.extract import html as pages

logging.disable(logging.CRITICAL)
HALVES = {"tuning": {1}, "reported": {0}, "all": {0, 1}}
RESAMPLES = 4000
METRICS = metrics()
Score = Callable[[dict[str, Any], str], float | None]


def ours(page: Sample) -> str:
    """The main text by this project."""
    return engine.main_text(pages.read(page.body, page.charset), page.url).text


def trafilatura(page: Sample) -> str:
    """What trafilatura.extract gives for the page's bytes and address."""
    return extract(page.body, url=page.url) or ""


def resiliparse(page: Sample) -> str:
    """What resiliparse takes for the main text, with comments."""
    return pages.read(page.body, page.charset).second_opinion


EXTRACTORS = (trafilatura, resiliparse, ours)


def words(truth: dict[str, Any], text: str) -> float | None:
    """Bag-of-words F1 (WCXB)."""
    return float(METRICS["word"](truth["text"], text)[2])


def snippets(truth: dict[str, Any], text: str) -> float | None:
    """Share of snippets rightly there or rightly not there (trafilatura's own evaluation, accuracy by page)."""
    tp, fp, fn, tn = METRICS["snippet"](truth.get("must", []), truth.get("must_not", []), text)
    return (tp + tn) / (tp + fp + fn + tn) if tp + fp + fn + tn else None


def recipe(truth: dict[str, Any], text: str) -> float | None:
    """Share of ingredients and instructions that the text contains, blanks and case aside."""
    parts = [_plain(part) for key in ("ingredients", "instructions") for part in truth.get(key) or []]
    plain = _plain(text)
    return sum(part in plain for part in parts) / len(parts) if parts else None


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


SETS: tuple[tuple[str, Score, str], ...] = (
    ("html/wcxb", words, "page_type"),
    ("html/daniel-sample", words, "lang"),
    ("html/trafilatura-eval", snippets, ""),
    ("crawl", recipe, ""),
)


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """95 % of the means of pages drawn again, with a fixed seed."""
    chance = random.Random(1)
    n = len(differences)
    means = sorted(statistics.fmean(chance.choices(differences, k=n)) for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def scores(name: str, score: Score, by: str, halves: set[int]) -> dict[str, list[list[float]]]:
    """Row -> one list per page: the scores of the extractors."""
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for page in read(name):
        if page.half in halves:
            found = [score(page.truth, extractor(page)) for extractor in EXTRACTORS]
            values = [value for value in found if value is not None]
            if len(values) == len(EXTRACTORS):
                for key in {"all", page.truth.get(by) or "all"}:
                    rows[key].append(values)
    return rows


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES, default="reported")
    parser.add_argument("--sets", nargs="*", default=[name for name, *_ in SETS])
    arguments = parser.parse_args()
    print("| set | row | pages | trafilatura | resiliparse | ours | ours - trafilatura | 95 % |")
    print("|---" * 8 + "|")
    for name, score, by in SETS:
        if name in arguments.sets:
            for row, values in sorted(
                scores(name, score, by, HALVES[arguments.half]).items(), key=lambda item: (-len(item[1]), item[0])
            ):
                print(_line(name, row, values), flush=True)


def _line(name: str, row: str, values: list[list[float]]) -> str:
    means = [statistics.fmean(one) for one in zip(*values)]
    differences = [mine - theirs for theirs, _, mine in values]
    low, high = interval(differences)
    cells = " | ".join(f"{mean:.4f}" for mean in means)
    return f"| {name} | {row} | {len(values)} | {cells} | {means[2] - means[0]:+.4f} | {low:+.4f} … {high:+.4f} |"


if __name__ == "__main__":
    main()
