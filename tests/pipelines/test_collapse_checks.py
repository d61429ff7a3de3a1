"""The collapse checks within the stage: what is looked at, what it costs nothing to skip, and what closes the gate."""

import json

import pytest

from pipelines import collapse_checks, inputs, mix, outputs
from pipelines.errors import BadInput, GateClosed
from pipelines.reports import build
from tests.pipelines.reports.test_build import shown
from tests.stages.mix.texts import document

PROVENANCE = {
    "generator": "g", "decoding": {"temperature": 0.7}, "method": "m",
    "generation_depth": 1, "licence": "x", "reference": "r",
}  # fmt: skip
CANARY = {"tokens": 20_000, "generations": 3, "seeds": 1}


def write(root, name, texts, more=None):
    rows = [{"id": f"{name}-{i}", "text": text, **(more or {})} for i, text in enumerate(texts)]
    (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def source(pipeline, texts, reference="real"):
    """Add the source `big`, with a file of real text as its reference; the mixture may be synthetic."""
    write(pipeline.root, "big", texts, PROVENANCE)
    write(pipeline.root, "real", [document(f"r{i}", 400) for i in range(200)])
    spec = {"files": ["big.jsonl"]} | ({"reference": {"files": ["real.jsonl"]}} if reference else {})
    pipeline.raw["mix"]["synthetic"]["big"] = spec
    pipeline.raw["mix"]["collapse"] |= {"min_real_share": 0, "warn_real_share": 0, "draws": 39, "canary": CANARY}


def found(pipeline):
    return json.loads((pipeline.root / "data/mix/collapse.json").read_text())


def panel(pipeline):
    ctx = pipeline.context()
    return shown(build.build(ctx.store, ctx.params).read_text())


@pytest.fixture
def looping(fresh, monkeypatch):
    monkeypatch.setattr("stages.mix.declared.top_label", lambda _, texts: [("en", 1.0)] * len(texts))
    source(fresh, [document(f"b{i % 5}", 400) for i in range(60)])
    return fresh


def test_a_source_that_repeats_itself_closes_the_gate_until_it_is_waived(looping):
    with pytest.raises(GateClosed, match=r"harm_and_loss \(big, "):
        looping.run()
    refused = found(looping)
    assert refused["sources"]["big"]["verdict"] == "REFUSE"
    assert refused["sources"]["big"]["found"]["alone"]["findings"][0]["name"] == "unseen_1"
    assert refused["sources"]["big"]["curve"][0][0] == 1000
    assert refused["sources"]["healthy"]["found"] is None
    assert 0 <= refused["sources"]["big"]["weight"]["largest"] < refused["sources"]["big"]["weight"]["now"]
    text = panel(looping)
    for words in (
        "Source big ■ REFUSE",
        "Frequency of words by rank",
        "Lost words of the tail",
        "begun with real text",
    ):
        assert words in text, words
    assert "w0 w1" not in json.dumps(refused), "words of the text stay in their table"
    digest = refused["sources"]["big"]["digest"]
    waiver = {
        "source": "big",
        "verdict_digest": digest,
        "name": "A. Person",
        "reason": "a test",
        "expires": "2999-12-31",
    }
    looping.raw["mix"]["waivers"] = [waiver]
    done = looping.run()
    assert {key for key in done if key[0] == "mix"} == set(), "a waiver measures nothing again"
    assert outputs.is_open(looping.context().store, "mix")
    held = found(looping)
    assert held["sources"]["big"]["waiver"]["name"] == "A. Person"
    assert (held["sources"]["big"]["verdict"], held["sources"]["big"]["digest"]) == ("WARN", digest)
    looping.raw["mix"]["waivers"] = [waiver | {"expires": "2001-01-01"}]
    with pytest.raises(GateClosed, match="waiver_expired"):
        looping.run()


def test_a_bound_takes_the_verdict_anew_and_cuts_no_window(looping):
    looping.raw["mix"]["collapse"]["mixture_loss"] = 0.9
    looping.run()
    assert "harm_and_loss_diluted" in {r["code"] for r in found(looping)["reasons"]}
    looping.raw["mix"]["collapse"]["mixture_loss"] = 0.95
    assert {k for k in looping.run() if k[0] == "mix"} == {("mix", "assessments")}


def test_a_source_without_reference_closes_the_gate_and_costs_nothing(fresh):
    source(fresh, [document(f"b{i}", 400) for i in range(60)], reference=None)
    said = r"no_reference \(big, mix\.synthetic\.big\.reference, value \d+\.0, bound 10000\.0\)"
    with pytest.raises(GateClosed, match=said):
        fresh.run()
    manifest = outputs.manifest(fresh.context().store, "mix")
    assert not [r for t in ("mix/windows", "mix/ngrams", "mix/assessments") for r in manifest.shards(t)]


def test_small_sources_cost_nothing(pipeline):
    manifest = outputs.manifest(pipeline.context().store, "mix")
    assert not [r for t in ("mix/windows", "mix/declared", "mix/assessments") for r in manifest.shards(t)]
    assert [r["code"] for r in found(pipeline)["reasons"]] == ["low_power"]
    for table in ("windows", "declared", "ngrams", "assessments"):
        assert (pipeline.root / "data/mix" / table).is_dir(), "an out of the DVC stage"


def test_a_plan_counts_every_source_that_could_be_looked_at(looping):
    inputs.resolve(looping.context())
    planned = {todo.family for todo in mix.run(looping.context(), dry=True).todo}
    assert {"declared", "windows", "assessments"} <= planned


def test_a_copy_of_a_remote_reference_is_brought_again_where_it_was_dropped(tmp_path, monkeypatch):
    """The file is opened as other inputs are: through what brings it."""
    write(tmp_path, "brought", [document("r", 400)])
    asked = []
    monkeypatch.setattr(collapse_checks, "held", lambda path: asked.append(path) or tmp_path / "brought.jsonl")
    monkeypatch.setattr("stages.mix.declared.top_label", lambda _, texts: [("en", 1.0)] * len(texts))
    dropped = tmp_path / "dropped.jsonl"
    found = collapse_checks.sample_reference({"file": str(dropped)}, (100, "big"), {"language": ""})
    assert asked == [dropped]
    assert set(found["mix/windows"]["source"]) == {"big"}


def test_a_reference_file_without_text_names_its_key(looping):
    (looping.root / "real.jsonl").write_text('{"id": "1"}\n')
    with pytest.raises(BadInput, match=r"mix\.synthetic\.big\.reference\.files: .*real.jsonl has no column `text`"):
        looping.run()


def test_a_reference_file_that_is_missing_names_its_key(looping):
    (looping.root / "real.jsonl").unlink()
    with pytest.raises(BadInput, match=r"mix\.synthetic\.big\.reference\.files: 'real.jsonl' matches no file"):
        looping.run()
