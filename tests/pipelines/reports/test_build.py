"""The page: made from nothing, a part or all; the same bytes again; hostile names come out inert."""

import shutil
from html.parser import HTMLParser

import polars as pl
import pytest

from pipelines import outputs
from pipelines.files import write_json, write_lines
from pipelines.reports import build
from pipelines.store import Store
from stages.params import Report
from tests.pipelines.made import SHARDS, Made, params

VOID = {"meta", "rect", "br"}
KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "ul", "li", "strong", "nav"),
    *("a", "section", "figure", "figcaption", "span", "svg", "text", "rect", "div", "table", "caption", "thead"),
    *("tbody", "tr", "th", "td", "details", "summary", "code", "path", "article", "blockquote"),
}


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails where tags do not nest."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.words = [], set(), {}, []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)


def page(store, **gates):
    return build.build(store, params(**gates)).read_text()


def shown(source):
    return " ".join(" ".join(Page(source).words).split())


@pytest.fixture(scope="session")
def _finished(tmp_path_factory):
    root = tmp_path_factory.mktemp("finished")
    made = Made(root).write()
    for stage in outputs.STAGES:
        write_json(outputs.gate_path(made.store, stage, "json"), verdict(made.store, stage))
        digest = outputs.manifest(made.store, stage).digest
        write_json(outputs.gate_path(made.store, stage, "open"), {"manifest": digest})
    return root


@pytest.fixture
def made(_finished, tmp_path):
    shutil.copytree(_finished, tmp_path / "run")
    return Made(tmp_path / "run")


def verdict(store, stage, **bent):
    held = {"key": "rows_conserved", "words": "rows in = kept + rejected", "outcome": "held", "observed": "2 rows"}
    one = {**held, "bound": "equal", "param": None, "severity": "critical"} | bent
    return {"manifest": outputs.manifest(store, stage).digest, "rows": {}, "expectations": [one]}


def test_nothing_has_run(tmp_path):
    text = shown(page(Store.at(tmp_path, "data")))
    assert text.count("not run") == 5
    assert "No stage has finished yet: run make repro." in text


def test_a_part_has_run(tmp_path):
    made = Made(tmp_path).write("extract", "quality")
    text = shown(page(made.store))
    assert (text.count("not run"), "The gate has not judged what lies there now." in text) == (3, True)
    assert "word_count_below" in text
    assert "near_duplicate" not in text


def test_all_has_run(made):
    source = page(made.store)
    found = Page(source)
    text = shown(source)
    assert text.count("All 1 expectations held.") == 5
    assert found.tags <= KNOWN
    assert "10 kept · 83.3 %" in text
    assert "n_chars" in text
    assert "quality open 10 8 2 80.0 %" in text
    assert "word_count_below 2 20.0 % 200 2 0" in text
    assert "c4_lines_below word_count_below 2" in text
    assert "en 10 8 6 6 60.0 % 600" in text
    assert f"{SHARDS[0]} 6 5 4 3 3 3 50.0 %" in text


def test_the_page_loads_and_runs_nothing(made):
    source = page(made.store)
    found = Page(source)
    assert not found.tags & {"script", "link", "img", "iframe", "object"}
    assert not {a for a in found.attributes if a.startswith("on") or a == "src"}
    local = ("#", "../../.run/report.html#")
    assert all(value.startswith(local) for value in found.attributes["href"])
    assert not [value for values in found.attributes.values() for value in values if value and "http" in value]
    assert "url(" not in source
    assert "default-src 'none'" in source


def test_the_same_files_give_the_same_bytes(made):
    first = page(made.store)
    made.store.data("reports", "index.html").unlink()
    assert page(made.store) == first
    assert str(made.store.root) not in first


def test_a_stage_whose_parent_moved_is_stale(made):
    made.drop("extract", "extract/look")
    text = shown(page(made.store))
    assert "extract moved since it ran" in text
    assert text.count("stale") >= 4


def test_a_closed_gate_shows_what_was_seen_and_asked(made):
    bent = {"key": "reject_rate", "words": "the share of rows rejected lies in its band", "outcome": "failed"}
    bent |= {"observed": {"reject_rate": 0.2}, "bound": "0 to 0.1", "param": "gates.quality.reject_rate"}
    write_json(outputs.gate_path(made.store, "quality", "json"), verdict(made.store, "quality", **bent))
    made.store.remove(outputs.gate_path(made.store, "quality", "open"))
    text = shown(page(made.store))
    assert "quality closed 1 unmet expectation" in text
    assert "reject_rate failed reject_rate = 0.2 0 to 0.1 gates.quality.reject_rate" in text


def test_a_verdict_on_another_manifest_is_not_shown(made):
    old = verdict(made.store, "mix") | {"manifest": "0" * 32}
    write_json(outputs.gate_path(made.store, "mix", "json"), old)
    assert "mix not judged" in shown(page(made.store))


def test_the_collapse_verdict_is_shown_with_its_figures(made):
    reasons = [{"code": "real_share_below", "verdict": "REFUSE", "source": None, "value": 0.31, "bound": 0.5}]
    sources = {"healthy": {"verdict": "PASS", "reasons": [], "figures": {"tokens": 12345, "duplicate_share": 0.01}}}
    found = {"verdict": "REFUSE", "reasons": reasons, "figures": {"real_share": 0.31}, "sources": sources}
    write_json(made.store.data("mix", "collapse.json"), found)
    text = shown(page(made.store))
    assert "real_share_below ■ REFUSE – – 0.31 0.5" in text
    assert "real_share 0.31" in text
    assert "healthy ● PASS – – – – 12,345 –" in text


def test_what_was_measured_on_a_source_stands_beside_real_text(made):
    one = {"name": "unseen_3", "value": 0.5, "control": 0.75, "low": 0.7, "high": 0.8, "loss": 0.3333, "p": 0.005}
    rows = [one | {"gates": True}, one | {"name": "divergence", "p": None, "gates": False}, 3]
    found = {"alone": {"findings": rows}, "mixture": None}
    sources = {"healthy": {"verdict": "WARN", "figures": {"tokens": 1}, "found": found, "curve": [[1, 1]]}}
    write_json(made.store.data("mix", "collapse.json"), {"verdict": "WARN", "reasons": [], "sources": sources})
    text = shown(page(made.store))
    assert "kinds of loss. ▲ WARN 0.5 0.75 0.7 0.8 0.333 0.005" in text
    assert "divergence" in text
    assert "shown only" in text


@pytest.mark.parametrize("raw", [None, [], 3, {"verdict": None, "reasons": 7, "sources": []}, {"reasons": [None]}])
def test_a_collapse_file_of_another_form_breaks_nothing(raw, made):
    write_json(made.store.data("mix", "collapse.json"), raw)
    assert "Funnel" in shown(page(made.store))


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><script>",
    "\u202egnp.exe\u2066",
    "\x1b[31mred\x00",
    "x" * 100_000,
    "&amp;&lt;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_inert_wherever_it_stands(name, made):
    for stage in outputs.STAGES:
        counts = outputs.shard_census(made.store, stage)
        bad = [(m, name, 3) for m in ("reason", "reason_tokens", "failed", "alone")]
        bad += [("pair", f"{name}|{name}", 3), ("language", f"{name}|kept", 3), ("rows", "in", 5), ("rows", "kept", 4)]
        outputs.write_census(made.store, stage, counts | {name: bad})
        bent = {"key": name, "words": name, "outcome": name, "observed": [{name: name}], "bound": name, "param": name}
        write_json(outputs.gate_path(made.store, stage, "json"), verdict(made.store, stage, **bent))
    reasons = [{"code": name, "verdict": name, "source": name, "field": name}]
    sources = {name: {"verdict": name, "figures": {name: name}}}
    found = {"verdict": name, "reasons": reasons, "figures": {name: name}, "sources": sources}
    write_json(made.store.data("mix", "collapse.json"), found)
    source = page(made.store)
    page_found = Page(source)
    assert page_found.tags <= KNOWN
    assert not {a for a in page_found.attributes if a.startswith("on") or a == "src"}
    assert not set("\u202e\u2066\x1b\x00") & set(source)
    assert "x" * 301 not in source
    assert "overflow-wrap: anywhere" in source


def test_a_hostile_page_is_inert_in_the_examples(tmp_path):
    """Title, text, address, host and detail of a page, as a page's author would choose them."""
    hostile = " ".join(name[:500] for name in HOSTILE)
    made = Made(tmp_path)
    for shard in SHARDS:
        made.bend("extract/documents", shard, text=pl.lit(hostile), title=pl.lit(hostile), url=pl.lit(hostile))
        made.bend("extract/decisions", shard, detail=pl.lit(hostile[:200]), url=pl.lit(hostile))
        made.bend("quality/decisions", shard, detail=pl.lit(hostile[:200]), reason=pl.lit(hostile))
    source = page(made.write().store)
    found = Page(source)
    assert found.tags <= KNOWN
    assert not {a for a in found.attributes if a.startswith("on") or a == "src"}
    assert not set("\u202e\u2066\x1b\x00") & set(source)
    assert source.count("&lt;script&gt;alert(1)") > 5


def test_what_if_distributions_languages_and_hosts_are_shown(made):
    made.recount("extract", "host", "a.example|kept", 50)
    made.recount("toxicity", "host", "a.example|kept", 20)
    text = shown(page(made.store))
    for words in (
        "quality.signals.word_count.min : what if",
        "One host in 4",
        "a.example 50 20 40.0 %",
        "are not measured by any stage",
    ):
        assert words in text, words


def test_duplicates_toxicity_and_examples_are_shown(made):
    text = shown(page(made.store))
    for words in (
        "is 0.8 with probability 0.9977",
        "Report-only",
        "email 2",
        "no random sample",
    ):
        assert words in text, words


def test_every_rejection_may_be_hidden(made):
    raw = params().model_copy(update={"report": Report(examples_per_reason=0)})
    assert "Chosen by hash" not in shown(build.build(made.store, raw).read_text())


def test_accepted_runs_are_drawn(made):
    here = made.store.root / ".run" / "report.html"
    page(made.store)
    assert "No run has been accepted" in shown(here.read_text())
    row = {"manifest": "a" * 32, "open": True, "documents": {"in": 10, "kept": 5}, "tokens": {"kept": 77}}
    rows = [{"run": run, "stage": stage, **row} for run in (1, 2) for stage in outputs.STAGES]
    write_lines(made.store.data("baselines", "history.jsonl"), [*rows, 7, {"stage": "quality"}, {"stage": "odd"}])
    before = page(made.store)
    text = shown(here.read_text())
    assert "Keep rate by stage over accepted runs" not in before, "an accepted run moves nothing that DVC tracks"
    assert "Keep rate by stage over accepted runs" in text
    assert text.count("50.0 % 77 aaaaaaaaaaaa") == 10


def test_lost_tables_do_not_stop_the_page(made):
    for path in made.store.data().glob("*/*/*.parquet"):
        path.unlink()
    text = shown(page(made.store))
    assert "word_count_below" in text
    assert "Chosen by hash" not in text


def test_sources_are_summed_over_their_shards(made):
    rows = [{"shard": SHARDS[0], "source": "spring"}, {"shard": SHARDS[1], "source": "spring"}]
    write_lines(made.store.data("inputs", "warcs.jsonl"), rows)
    assert "spring 2 12 10 8 6 6 6 50.0 %" in shown(page(made.store))


def test_of_many_shards_those_of_which_least_is_left_are_shown(made):
    rows = {f"s{i:03d}": [("rows", "in", 100), ("rows", "kept", i % 100)] for i in range(250)}
    for stage in outputs.STAGES:
        outputs.write_census(made.store, stage, rows)
    text = shown(page(made.store))
    assert "Those 200 of 250 of which least is left." in text
    assert "s000" in text
    assert "s099" not in text


def test_the_recipe_leaves_out_where_and_how(made):
    text = shown(page(made.store))
    assert "dedup.threshold 0.8" in text
    assert "input.warcs" not in text
    assert "run.workers" not in text
