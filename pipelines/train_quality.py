"""Train the model `quality`: prose that informs or tells, against advertising and chatter.

`python -m pipelines.train_quality` writes data/models/quality. It knows where the rows come from and what may be
learnt from them; the rest is in pipelines/training.py.
"""

from collections.abc import Iterator
from pathlib import Path

from pipelines.files import write_text
from pipelines.training import (
    HEAD,
    ROOT,
    Row,
    auc,
    corpora,
    figures,
    fit,
    json_rows,
    prepared,
    scores,
    share,
    split,
    windows,
)
from stages.fasttext_models import Recipe

RECIPE = Recipe(seed=1, dim=8, epoch=15, lr=0.3, ngrams=1, bucket=0, min_count=3, cutoff=30_000)
WORDS = 200  # per training window; documents are scored whole
GROUP = 8  # comments joined into one text, so that length gives nothing away
BOUND = 0.5

CARD = """# quality: informative and narrative prose against advertising and chatter

A fastText classifier (Joulin et al. 2017) with the labels `good` and `poor`. `quality_score` is the probability of
`good` over the whole text. The stage only reports it (`quality.min_quality_score: null`).

**What the labels are.** No public set says which page is worth training on. `good` stands for running prose that
informs or tells; `poor` for advertising, persuasion and chatter:

| rows | label | licence | n |
|---|---|---|---|
{table}

Registers are those of FreCORE and SweCORE (Repo et al. 2021, Laippala et al. 2022; annotations CC-BY-4.0, TurkuNLP): a
text counts as good when it is marked narrative (NA), informational (IN) or how-to (HI) and not IP, as poor when it is
marked IP alone; all other texts are left out. Comments are joined by eights.

**How it was trained.** `python -m pipelines.train_quality`: windows of {words} words, one thread, seed {seed}; one text
in five, chosen by its hash, is held out and scored whole. The same rows give the same bytes, sha256
`{digest}`.

{figures}

Measured, never trained on, main texts of English pages by page type (WCXB):

{outside}

**What it is not worth.** The held-out rows resemble those it learnt from; on English pages of other kinds, the table
above, it does no better than chance. It does not measure truth, usefulness or style. It has seen English, French and
Swedish only; for any other language its value is noise. In English it has seen no advertising, so there it tells
edited prose from comments; in French and Swedish it tells prose from advertising on some {few} poor texts. Most English
good rows are news openings and student essays, so it may prefer their topics. Rejecting by it is a decision that a
comparison of trained models would have to justify; none was made.
"""


def rows(folder: Path) -> Iterator[Row]:
    """Labelled rows whose licence allows training."""
    for name, part in (("frecore_dev", "French registers"), ("swecore_train", "Swedish registers")):
        for raw in json_rows(folder / "web_registers" / f"{name}.jsonl.gz"):
            if label := _of_register(raw["label"].split()):
                yield Row(part, label, raw["text"])
    yield from _essays(folder / "human_vs_llm")
    yield from _chatter(folder / "toxicity")


def _of_register(marks: list[str]) -> str | None:
    if marks == ["IP"]:
        return "poor"
    return "good" if set(marks) <= {"NA", "IN", "HI"} else None


def _essays(folder: Path) -> Iterator[Row]:
    for path in [folder / "toefl_essays_chatgpt.jsonl.gz", *sorted((folder / "fast_detect_gpt").glob("*.jsonl.gz"))]:
        for raw in json_rows(path):
            if raw["label"] == "human":
                yield Row("English essays, news and stories", "good", raw["text"])


def _chatter(folder: Path) -> Iterator[Row]:
    """Comments joined by eights; as many as there are good English texts, roughly."""
    for name in ("civil_comments_half", "wikipedia_benign_mostly_5k"):
        texts = [raw["text"] for raw in json_rows(folder / f"{name}.jsonl.gz")][: GROUP * 300]
        for i in range(0, len(texts), GROUP):
            yield Row("English comments", "poor", "\n".join(texts[i : i + GROUP]))


LICENCES = {
    "French registers": "CC-BY-4.0 (annotations)",
    "Swedish registers": "CC-BY-4.0 (annotations)",
    "English essays, news and stories": "MIT",
    "English comments": "CC0-1.0, Apache-2.0",
}


def main(out: Path, recipe: Recipe = RECIPE) -> str:
    """Train, measure on held-out rows, write model.ftz, sha256 and card.md to `out`; returns the digest."""
    folder = corpora()
    every = prepared(rows(folder))
    learn, held = split(every)
    model = out / "model.ftz"
    digest = fit(prepared(w for row in learn for w in windows(row, WORDS)), recipe, model)
    card = CARD.format(
        table=_table(every),
        figures=_figures(model, held),
        outside=_outside(model, folder),
        digest=digest,
        words=WORDS,
        seed=recipe.seed,
        few=sum(row.label == "poor" and "registers" in row.part for row in every),
    )
    write_text(out / "card.md", card)
    return digest


def _table(every: list[Row]) -> str:
    kinds = sorted({(row.part, str(row.label)) for row in every})
    counts = {kind: sum((row.part, row.label) == kind for row in every) for kind in kinds}
    return "\n".join(f"| {part} | {label} | {LICENCES[part]} | {counts[part, label]:,} |" for part, label in kinds)


def _figures(model: Path, held: list[Row]) -> str:
    """The card's table: all held-out rows, then each language for itself."""
    found = dict(zip((row.text for row in held), scores(model, held, "good")))
    groups = {"all": held} | {
        language: [row for row in held if row.part.startswith(language)]
        for language in ("English", "French", "Swedish")
    }
    lines = [figures(name, group, [found[r.text] for r in group], "good", BOUND) for name, group in groups.items()]
    return "\n".join([HEAD.format(bound=BOUND), *lines])


def _outside(model: Path, folder: Path) -> str:
    """How English pages of other kinds fare: articles and documentation against shop and listing pages."""
    pages = list(json_rows(folder / "html" / "wcxb" / "truth.jsonl.gz"))
    kinds = {"article": "good", "documentation": "good", "product": "poor", "service": "poor", "collection": "poor"}
    found = prepared(Row(p["page_type"], kinds.get(p["page_type"]), p["text"]) for p in pages if p["text"])
    by = dict(zip((r.text for r in found), scores(model, found, "good")))
    area = auc(*([by[r.text] for r in found if r.label == label] for label in ("good", "poor")))
    lines = ["| pages | share at or above " + f"{BOUND} |", "|---|---|"]
    for kind in sorted(kinds):
        own = [by[r.text] for r in found if r.part == kind]
        lines.append(f"| {kind} | {share(sum(s >= BOUND for s in own), len(own))} |")
    return "\n".join([*lines, "", f"AUC of articles and documentation against the other three: {area}."])


if __name__ == "__main__":
    print(main(ROOT / "data" / "models" / "quality"))
