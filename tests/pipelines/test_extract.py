"""The stage extract on the sample: what a loosened bound of the cheap look makes anew, and archives from elsewhere."""

import pytest

from pipelines import extract, inputs
from pipelines.errors import BadInput
from pipelines.files import read_lines
from pipelines.sandbox import Sandbox
from tests.pipelines.servers import Server


class Counting(Sandbox):
    """A sandbox that remembers what it was asked."""

    asked: list[str] = []

    def __call__(self, pages):
        self.asked += [page.task for page in pages]
        return super().__call__(pages)


def run(one, monkeypatch, **prefilter):
    monkeypatch.setattr(extract, "Sandbox", Counting)
    one.raw["quality"]["languages"] = ["en"]
    one.raw["quality"]["signals"]["word_count"]["min"] = 80
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


@pytest.fixture
def server():
    with Server() as one:
        yield one


def served(one, server):
    """Have the sample's archives come from a server; the copies are dropped once `inputs` is done with them."""
    server.files.content = {f"/{p.name}": p.read_bytes() for p in sorted((one.root / "data/sample").glob("*.warc*"))}
    one.raw["input"]["warcs"] = [server.url + name for name in server.files.content]
    one.raw["run"]["fetch"] = {"attempts": 2, "wait_seconds": 0, "timeout_seconds": 5}
    ctx = one.context()
    inputs.resolve(ctx)
    for row in read_lines(one.root / "data/inputs/warcs.jsonl"):
        (one.root / row["path"]).unlink()
    return ctx


def test_where_an_archive_lies_changes_no_table(empty, pipeline, server):
    ctx = served(empty, server)
    before = len(server.files.asked)
    extract.run(ctx)
    here, there = ((one.root / "data/extract/manifest.jsonl").read_text() for one in (pipeline, empty))
    assert sorted(here.splitlines()) == sorted(there.splitlines())
    brought = [path for _, path, asked in server.files.asked[before:] if asked is None]
    assert sorted(brought) == sorted(server.files.content), "each is brought again, once for scan and extraction"


def test_a_file_that_changes_between_inputs_and_extract_stops_the_stage_by_name(empty, server):
    ctx = served(empty, server)
    server.files.content["/sample-00001.warc"] += b"more"
    with pytest.raises(BadInput, match=r"/sample-00001\.warc: is no longer the file that data/inputs names: run again"):
        extract.run(ctx)
