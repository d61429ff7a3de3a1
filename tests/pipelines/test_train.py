import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest
import yaml

from pipelines import train_quality, train_toxicity, training
from pipelines.errors import BadInput
from pipelines.training import Row, auc, figures, prepared, share, split, windows
from stages.fasttext_models import Recipe

ROOT = Path(__file__).parents[2]
CORPORA = Path(os.environ.get("SLUICEGATE_CORPORA", ROOT.parent / "shared" / "corpora"))
TINY = Recipe(dim=4, epoch=2, ngrams=1, bucket=0, min_count=1, cutoff=300)


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def texts(prefix: str, n: int = 60) -> list[str]:
    return [f"{prefix} text number {prefix}{i} of {i * i} words" for i in range(n)]


@pytest.fixture
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The smallest folder with every file that the trainings read."""
    folder = tmp_path / "corpora"
    for name in ("frecore_dev", "swecore_train"):
        rows = [{"label": ["IP", "NA", "IN HI", "OP"][i % 4], "text": t} for i, t in enumerate(texts(name))]
        write(folder / "web_registers" / f"{name}.jsonl.gz", rows)
    human = [{"label": ["human", "llm"][i % 2], "text": t} for i, t in enumerate(texts("essay"))]
    write(folder / "human_vs_llm" / "toefl_essays_chatgpt.jsonl.gz", human)
    comments = folder / "toxicity"
    labels = {"civil_comments_half": ("toxic", "not_toxic"), "edos_train": ("sexist", "not sexist")}
    labels |= {"davidson": ("hate", "offensive", "neither"), "wikipedia_benign_mostly_5k": ("0", "1")}
    for name, given in labels.items():
        write(
            comments / f"{name}.jsonl.gz",
            [{"label": given[i % len(given)], "text": t} for i, t in enumerate(texts(name))],
        )
    write(folder / "pii" / "presidio_generated_large.jsonl.gz", [{"text": t} for t in texts("template")])
    pages = [{"page_type": ["article", "product"][i % 2], "text": t} for i, t in enumerate(texts("page", 10))]
    write(folder / "html" / "wcxb" / "truth.jsonl.gz", pages)
    for name in ("wikitext2", "gutenberg"):
        write(folder / "text" / f"{name}.jsonl.gz", [{"text": t} for t in texts(name, 3)])
    monkeypatch.setenv("SLUICEGATE_CORPORA", str(folder))
    return folder


@pytest.mark.parametrize("script", [train_quality, train_toxicity], ids=["quality", "toxicity"])
def test_training_twice_gives_the_same_digest_and_card(script: object, corpora: Path, tmp_path: Path) -> None:
    digests = [script.main(tmp_path / name, TINY) for name in ("one", "two")]
    assert digests[0] == digests[1] == hashlib.sha256((tmp_path / "one" / "model.ftz").read_bytes()).hexdigest()
    assert (tmp_path / "one" / "sha256").read_text() == f"{digests[0]}  model.ftz\n"
    cards = [(tmp_path / name / "card.md").read_text() for name in ("one", "two")]
    assert cards[0] == cards[1]
    assert digests[0] in cards[0]
    assert "What it is not worth" in cards[0]


def test_rows_that_teach_nothing_are_left_out(corpora: Path) -> None:
    quality, toxicity = list(train_quality.rows(corpora)), list(train_toxicity.rows(corpora))
    assert {r.label for r in quality if "registers" in r.part} == {"good", "poor"}
    assert sum(r.part == "French registers" for r in quality) == 45  # a quarter is opinion
    assert sum(r.part.startswith("English essays") for r in quality) == 30  # half is a machine's
    assert sum(r.part == "Davidson" for r in toxicity) == 40  # a third is "offensive"


def test_missing_corpora_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLUICEGATE_CORPORA", str(tmp_path / "none"))
    with pytest.raises(BadInput, match="SLUICEGATE_CORPORA"):
        training.corpora()


def test_a_text_stands_once_and_never_on_both_sides() -> None:
    rows = prepared([Row("a", "x", t) for t in [*texts("t", 200), *texts("T", 200)]])
    learn, held = split(rows)
    assert len(rows) == 200
    assert not {r.text for r in learn} & {r.text for r in held}
    assert 20 < len(held) < 60
    assert prepared(reversed(rows)) == rows


def test_windows_keep_the_words_and_drop_a_short_rest() -> None:
    row = Row("a", "x", " ".join(map(str, range(25))))
    assert [len(w.text.split()) for w in windows(row, 10)] == [10, 10, 5]
    assert [len(w.text.split()) for w in windows(row, 11)] == [11, 11]
    assert windows(Row("a", "x", "one"), 10) == [Row("a", "x", "one")]


def test_auc_counts_pairs_and_halves_ties() -> None:
    assert auc([0.9, 0.5], [0.5, 0.1]).value == pytest.approx(3.5 / 4)
    assert auc([1.0] * 50, [0.0] * 50).value == 1.0


def test_wilson_interval_by_hand() -> None:
    """Ten of ten: the lower bound is n / (n + z²)."""
    found = share(10, 10)
    assert found.low == pytest.approx(10 / (10 + 1.96**2))
    assert (found.value, found.high) == (1.0, 1.0)


def test_precision_and_recall_of_the_named_label() -> None:
    rows = [Row("p", label, "t") for label in ("good", "good", "poor", "poor")]
    line = figures("all", rows, [0.9, 0.2, 0.8, 0.1], "good", 0.5)
    assert "0.500" in line.split("|")[3]
    assert "0.500" in line.split("|")[4]


@pytest.mark.parametrize("name", ["language", "quality", "toxicity"])
def test_shipped_models_are_what_params_card_and_digest_file_say(name: str) -> None:
    folder = ROOT / "data" / "models" / name
    data = (folder / "model.ftz").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert (folder / "sha256").read_text() == f"{digest}  model.ftz\n"
    assert digest in (folder / "card.md").read_text()
    assert yaml.safe_load((ROOT / "params.yaml").read_text())["input"]["models"][name]["sha256"] == digest
    assert len(data) <= 1_000_000


@pytest.mark.slow  # and only where the processor rounds as the one that trained
@pytest.mark.skipif(not CORPORA.is_dir(), reason=f"{CORPORA} is not there; set SLUICEGATE_CORPORA")
@pytest.mark.parametrize("script", [train_quality, train_toxicity], ids=["quality", "toxicity"])
def test_the_shipped_model_is_what_the_script_makes(
    script: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICEGATE_CORPORA", str(CORPORA))
    name = script.__name__.removeprefix("pipelines.train_")
    assert script.main(tmp_path) == (ROOT / "data" / "models" / name / "sha256").read_text().split()[0]
    assert (tmp_path / "card.md").read_text() == (ROOT / "data" / "models" / name / "card.md").read_text()
