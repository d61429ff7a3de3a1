"""The stage extract on the sample: what a loosened bound of the cheap look makes anew."""

import pytest

from pipelines import extract
from pipelines.sandbox import Sandbox


class Counting(Sandbox):
    """A sandbox that remembers what it was asked."""

    asked: list[str] = []

    def __call__(self, pages):
        self.asked += [page.task for page in pages]
        return super().__call__(pages)


def run(one, monkeypatch, **prefilter):
    monkeypatch.setattr(extract, "Sandbox", Counting)
    one.raw["quality"]["languages"] = ["en"]
    one.raw["extract"]["prefilter"] = prefilter
    one.raw["gates"]["extract"].update(reject_rate={"max": 1.0}, reject={})
    Counting.asked = []
    done = one.run("extract")
    manifest = (one.root / "data" / "extract" / "manifest.jsonl").read_text()
    return manifest, one.ledger("extract"), done, {task: Counting.asked.count(task) for task in ("look", "text")}


def test_a_loosened_bound_extracts_the_pages_that_it_lets_pass_and_no_other(empty, tmp_path, monkeypatch):
    _, _, _, strict = run(empty, monkeypatch, languages=["en"], min_words=40)
    loose, ledger, done, asked = run(empty, monkeypatch, languages=["en", "de"], min_words=20)
    assert done[("extract", "documents")] > 0
    other = type(empty)(tmp_path / "other")
    whole, expected, _, all_ = run(other, monkeypatch, languages=["en", "de"], min_words=20)
    assert loose == whole
    assert ledger == expected
    assert all_["text"] > strict["text"]
    assert asked["text"] == all_["text"] - strict["text"]
    assert asked["text"] <= asked["look"] <= all_["look"] - strict["text"]


@pytest.mark.parametrize("change", ["tighter", "another_param", "tables_gone"])
def test_all_pages_are_read_where_earlier_tables_do_not_serve(empty, monkeypatch, change):
    _, _, _, first = run(empty, monkeypatch, min_words=20)
    if change == "tables_gone":
        for path in (empty.root / "data/extract/documents").glob("*.parquet"):
            path.unlink()
    if change == "another_param":
        empty.raw["extract"]["max_depth"] -= 1
    _, _, _, asked = run(empty, monkeypatch, min_words=30 if change == "tighter" else 10)
    assert asked["look"] == first["look"]
