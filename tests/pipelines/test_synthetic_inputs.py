"""Inputs: files of synthetic sources and of their references are told apart by name and by content."""

import gzip
from pathlib import Path

import pytest
import yaml

from pipelines.context import Context
from pipelines.errors import BadInput
from pipelines.files import read_lines
from pipelines.inputs import resolve
from pipelines.store import ROOT, Store
from stages.params import parse


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "one.warc.gz").write_bytes(gzip.compress(b"WARC/1.1\r\n", mtime=0))
    return tmp_path


def of(root: Path, synthetic: object, warcs: str = "one.warc.gz", **mix: object) -> Context:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["input"] = {"warcs": warcs, "models": {}}
    raw["mix"] |= {"synthetic": synthetic} | mix
    return Context(root, parse(raw), Store.at(root, "data"))


def refused(ctx: Context) -> str:
    with pytest.raises(BadInput) as caught:
        resolve(ctx)
    assert caught.value.code == 12
    return str(caught.value)


def text(path: Path, *words: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f'{{"id": "{word}", "text": "{word}"}}\n' for word in words))


def test_synthetic_files_of_one_name_are_an_error_that_names_both(root: Path) -> None:
    for name in ("a/part-0.jsonl", "b/part-0.jsonl", "x.jsonl", "x.parquet", "c.jsonl", "b.c.jsonl"):
        text(root / name, name)
    said = refused(of(root, {"s": {"files": ["a/part-0.jsonl", "b/part-0.jsonl"]}}))
    both = "a/part-0.jsonl and b/part-0.jsonl would both be shard 's.part-0'; rename one"
    assert said == f"mix.synthetic.s.files: {both}"
    said = refused(of(root, {"s": {"files": ["x.*"]}}))
    assert said == "mix.synthetic.s.files: x.jsonl and x.parquet would both be shard 's.x'; rename one"
    said = refused(of(root, {"a.b": {"files": ["c.jsonl"]}, "a": {"files": ["b.c.jsonl"]}}))
    keys = "mix.synthetic.a.b.files and mix.synthetic.a.files"
    assert said == f"{keys}: c.jsonl and b.c.jsonl would both be shard 'a.b.c'; rename one"


def test_a_synthetic_file_named_as_an_archive_is_an_error_before_any_page_is_read(root: Path) -> None:
    (root / "s.one.warc.gz").write_bytes((root / "one.warc.gz").read_bytes())
    text(root / "one.jsonl", "x")
    said = refused(of(root, {"s": {"files": ["one.jsonl"]}}, warcs="s.one.warc.gz"))
    shared = "s.one.warc.gz and one.jsonl would both be shard 's.one'; rename one"
    assert said == f"input.warcs and mix.synthetic.s.files: {shared}"


def test_references_of_one_name_are_an_error_that_names_both(root: Path) -> None:
    for name in ("s.jsonl", "a/real.jsonl", "b/real.jsonl"):
        text(root / name, name)
    spec = {"files": ["s.jsonl"], "reference": {"files": ["a/real.jsonl", "b/real.jsonl"]}}
    said = refused(of(root, {"s": spec}))
    both = "a/real.jsonl and b/real.jsonl would both be shard 'reference.s.real.jsonl'; rename one"
    assert said == f"mix.synthetic.s.reference.files: {both}"


def test_sources_may_have_files_of_one_name(root: Path) -> None:
    for name in ("a/made.jsonl", "b/made.jsonl", "real.jsonl"):
        text(root / name, name)
    real = {"files": ["real.jsonl"]}
    specs = {s: {"files": [f"{s}/made.jsonl"], "reference": real} for s in ("a", "b")}
    resolve(of(root, specs))
    names = {n: [r["shard"] for r in read_lines(root / f"data/inputs/{n}.jsonl")] for n in ("synthetic", "references")}
    assert names["synthetic"] == ["a.made", "b.made"]
    assert names["references"] == ["reference.a.real.jsonl", "reference.b.real.jsonl"]


@pytest.mark.parametrize("reference", ["made.jsonl", "copy/real.jsonl"])
def test_a_synthetic_file_is_no_reference_under_any_name_and_of_no_source(root: Path, reference: str) -> None:
    for name in ("made.jsonl", "copy/real.jsonl"):
        text(root / name, "x")
    text(root / "other.jsonl", "y")
    wrong = f"{reference} has the sha256 of made.jsonl, which mix.synthetic.s.files names; a reference is real text"
    real = {"files": [reference]}
    said = refused(of(root, {"s": {"files": ["made.jsonl"], "reference": real}}))
    assert said == f"mix.synthetic.s.reference.files: {wrong}"
    specs = {"s": {"files": ["made.jsonl"]}, "t": {"files": ["other.jsonl"], "reference": real}}
    said = refused(of(root, specs))
    assert said == f"mix.synthetic.t.reference.files: {wrong}"


def test_names_of_sources_that_are_wrong_are_told_with_every_other_fault(root: Path) -> None:
    text(root / "made.jsonl", "x")
    specs = {"crawl": {"files": ["made.jsonl"]}}
    assert refused(of(root, specs, warcs="c/*", weights={"crowl": 0.1})).splitlines() == [
        "mix.synthetic.crawl: input.warcs is a source of this name, too; rename one",
        "mix.weights.crowl: unknown source 'crowl'; did you mean 'crawl'?",
        "input.warcs: 'c/*' matches no file",
    ]
