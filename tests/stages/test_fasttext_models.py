import hashlib
from importlib.metadata import packages_distributions
from pathlib import Path

import polars as pl
import pytest

from stages import fasttext_models as models
from stages.fasttext_models import Recipe, plain, score, top_label, train

LANGUAGE = str(Path(__file__).parents[2] / "data" / "models" / "language" / "model.ftz")
TINY = Recipe(dim=4, epoch=5, bucket=500, min_count=1, cutoff=300)


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "rows.txt"
    lines = [
        f"__label__{'sea' if i % 2 else 'land'} {'wave salt ship' if i % 2 else 'hill stone road'} n{i}"
        for i in range(400)
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_exactly_one_distribution_owns_fasttext() -> None:
    assert packages_distributions()["fasttext"] == ["fasttext-community"]


def test_language_of_texts_by_list() -> None:
    found = top_label(LANGUAGE, ["Bonjour le monde, comment allez-vous ?", "Where is\nthe nearest station?"])
    assert [label for label, _ in found] == ["fr", "en"]
    assert all(0.5 < p <= 1 and p == round(p, 4) for _, p in found)


def test_an_empty_or_blank_text_is_undetermined() -> None:
    assert top_label(LANGUAGE, ["", " \n\t"]) == [("und", 0.0), ("und", 0.0)]


def test_only_the_first_thousand_characters_are_read() -> None:
    french = "Le chat dort sur la chaise de la cuisine. " * 30
    assert top_label(LANGUAGE, [french[:1000] + " and now English words " * 500]) == top_label(LANGUAGE, [french])


def test_more_texts_than_a_batch_keep_their_order() -> None:
    texts = ["Guten Morgen, wie geht es dir?"] * models.BATCH + ["Good morning, how are you?"] * 3
    assert [label for label, _ in top_label(LANGUAGE, texts)] == ["de"] * models.BATCH + ["en"] * 3


@pytest.mark.parametrize("shown", ["</s> {}", "El fin </s> {}", "<s>\t</s>\0</s>\n{} </s>", "</s>\r{}"])
def test_a_text_that_shows_the_end_token_is_read_to_its_end(shown: str) -> None:
    english = "Every sentence that we feed to the model closes with the token of that name, and so does this one here."
    text = shown.format(english)
    assert top_label(LANGUAGE, [text]) == top_label(LANGUAGE, [text.replace("</s>", " ")])
    assert top_label(LANGUAGE, [text])[0][0] == "en"


def test_a_word_that_holds_the_end_token_is_left_alone() -> None:
    for text in ("see</s> the end of it all", "the end </s>, said the man", "\u00a0</s>\u00a0bonjour le monde"):
        asked = models._model(LANGUAGE).predict(text)
        assert top_label(LANGUAGE, [text]) == [(asked[0][0].removeprefix(models.PREFIX), round(float(asked[1][0]), 4))]


def test_score_is_the_probability_of_the_named_label() -> None:
    text = "Guten Morgen, wie geht es dir heute?"
    [(label, p)] = top_label(LANGUAGE, [text])
    assert score(LANGUAGE, [text], label) == [p]
    every = [score(LANGUAGE, [text], name.removeprefix(models.PREFIX))[0] for name in models.labels(LANGUAGE)]
    assert sum(every) == pytest.approx(1, abs=0.01)
    assert sum(every) - p > 0


def test_an_unknown_label_is_named() -> None:
    with pytest.raises(ValueError, match="no label 'good'"):
        score(LANGUAGE, ["x"], "good")


def test_a_lone_surrogate_does_not_stop_a_batch() -> None:
    assert len(top_label(LANGUAGE, ["x\ud800y", "hello world"])) == 2


def test_plain_leaves_no_label_prefix() -> None:
    text = pl.DataFrame({"t": ["__label__good  Hello,\nWORLD! it's 5"]}).select(plain("t"))["t"][0]
    assert text == "label good hello world it's 5"


def test_training_twice_gives_the_same_bytes(rows: str, tmp_path: Path) -> None:
    digests = []
    for name in ("a.ftz", "b.ftz"):
        train(rows, str(tmp_path / name), TINY)
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_a_model_trained_anew_is_read_anew(rows: str, tmp_path: Path) -> None:
    out = str(tmp_path / "m.ftz")
    train(rows, out, TINY)
    assert score(out, ["salt wave"], "sea")[0] > 0.9
    swapped = Path(rows).read_text().replace("label__sea", "label__x").replace("label__land", "label__sea")
    Path(rows).write_text(swapped)
    train(rows, out, TINY)
    assert score(out, ["salt wave"], "sea")[0] < 0.1
