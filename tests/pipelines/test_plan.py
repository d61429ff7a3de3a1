"""Plans: what would run, why, what it takes; and that a sample is the full run's share by hash."""

import json

import polars as pl
import pytest

from pipelines import dispositions, inputs, manifests, plan
from pipelines.files import read_json, read_lines
from stages.extract.rules import sampled_out


def reasons(one) -> dict[tuple[str, str], set[str]]:
    out: dict[tuple[str, str], set[str]] = {}
    for job in plan.plan(one.context()):
        out.setdefault((job.stage, job.family), set()).add(job.why)
    return out


@pytest.fixture
def done(fresh):
    dispositions.run(fresh.context())
    return fresh


def test_nothing_to_do(done) -> None:
    assert plan.plan(done.context()) == []


def test_a_first_run_is_planned_to_its_end(empty) -> None:
    found = reasons(empty)
    assert set(found) >= {("extract", "documents"), ("dedup", "clusters"), ("mix", "documents")}
    assert ("reports", "dispositions/crawl") in found
    assert {why for whys in found.values() for why in whys} == {"new"}
    assert not (empty.root / "data/extract").exists(), "nothing was run"


def test_the_changed_key_is_named(done) -> None:
    done.raw["quality"]["signals"]["word_count"]["min"] = 60
    done.raw["quality"]["languages"] = done.raw["quality"]["languages"][:3]
    found = reasons(done)
    (why,) = found["quality", "decisions"]
    assert "signals.word_count.min: 50.0 -> 60.0" in why and "languages" in why
    assert "input" not in why and "recipe" not in why
    assert not [key for key in found if key[0] == "extract" or key == ("quality", "scores")]
    assert any("input quality/decisions" in why for key, whys in found.items() for why in whys if key[0] == "dedup")


def test_a_new_shard_is_planned_through_every_stage(done) -> None:
    sample = next((done.root / "data/sample").glob("*-00000.warc.gz"))
    (done.root / "data/sample/sample-00009.warc.gz").write_bytes(sample.read_bytes())
    new = {(t.stage, t.family) for t in plan.plan(done.context()) if t.shard == "sample-00009"}
    assert new >= {("extract", "documents"), ("quality", "scores"), ("toxicity", "scores"), ("mix", "sizes/crawl")}


def test_a_changed_model_is_named(done) -> None:
    name = "quality"
    path = done.root / done.raw["input"]["models"][name]["path"]
    path.write_bytes(path.read_bytes() + b"\0")
    done.raw["input"]["models"][name]["sha256"] = done.context().stat.digest(path)
    found = reasons(done)
    assert found[name, "scores"] == {"models"}
    assert ("extract", "documents") not in found


def test_what_it_takes_and_the_file_for_the_report(done, monkeypatch, capsys) -> None:
    done.raw["quality"]["signals"]["word_count"]["min"] = 60
    monkeypatch.setattr(plan.context, "load", done.context)
    assert plan.main([]) == 0
    out = capsys.readouterr().out
    assert "quality/decisions" in out and "in all" in out
    families = read_json(done.root / ".run/plan.json")["families"]
    assert families["quality/decisions"]["shards"] == 3
    assert families["quality/decisions"]["seconds"] >= 0
    assert all(set(one) == {"shards", "seconds"} for one in families.values())
    assert plan.main(["--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {job["family"] for job in told["jobs"]} >= {"decisions"}
    assert told["families"]["quality/decisions"]["shards"] == 3


def test_families_without_rates_are_unknown(empty, monkeypatch, capsys) -> None:
    monkeypatch.setattr(plan.context, "load", empty.context)
    assert plan.main([]) == 0
    assert "families that never ran here: unknown" in capsys.readouterr().out
    assert {one["seconds"] for one in read_json(empty.root / ".run/plan.json")["families"].values()} == {None}


def test_a_run_leaves_what_a_plan_needs(done) -> None:
    rows = {(row["stage"], row["family"]): row for row in read_lines(done.root / ".run/rates.jsonl")}
    warcs = sum(row["size"] for row in read_lines(done.root / "data/inputs/warcs.jsonl"))
    assert rows["extract", "documents"]["input_bytes"] == warcs
    made = rows["extract", "documents"]["tables"]
    assert set(made) == {"extract/look", "extract/documents", "extract/provenance", "extract/decisions"}
    assert rows["quality", "scores"]["input_bytes"] == made["extract/documents"]
    assert (rows["quality", "scores"]["sample"], rows["quality", "scores"]["lanes"]) == (1.0, 1)


def test_a_plan_of_the_full_run_is_not_the_plan_of_this_one(done, monkeypatch, capsys) -> None:
    done.raw["input"]["sample"] = 0.5
    monkeypatch.setattr(plan.context, "load", done.context)
    assert plan.main(["--full"]) == 0
    assert capsys.readouterr().out.strip() == "nothing to do", "the tables of the full run still stand"
    assert not (done.root / ".run/plan.json").exists(), "the file is of the run that params.yaml asks for"


@pytest.fixture(scope="module")
def half(pipeline, tmp_path_factory):
    """The sample at half its records."""
    one = type(pipeline)(tmp_path_factory.mktemp("half") / "here", pipeline.raw)
    one.raw["input"]["sample"] = 0.5
    one.run("extract")
    return one


def test_a_sample_is_the_full_runs_share_by_hash(pipeline, half) -> None:
    whole = pipeline.table("extract/documents")
    chosen = [sampled_out(doc_id, 0.5) is None for doc_id in whole["doc_id"]]
    assert 0 < sum(chosen) < len(chosen)
    assert half.table("extract/documents").equals(whole.filter(pl.Series(chosen)))


def test_who_is_not_sampled_is_accounted_for(pipeline, half) -> None:
    whole, part = pipeline.table("extract/decisions"), half.table("extract/decisions")
    assert part.select("doc_id", "warc_offset").equals(whole.select("doc_id", "warc_offset"))
    left = part.filter(pl.col("reason") == "not_sampled")
    assert left.height > 0
    assert (left["value"] >= 0.5).all() and (left["bound"] == 0.5).all()
    same = part.filter(pl.col("reason").ne_missing("not_sampled"))  # whose url alone turns them away
    same = same.with_columns(also=pl.col("also").list.set_difference(pl.lit(["not_sampled"])))
    assert same.equals(whole.join(same, on=["doc_id", "warc_file", "warc_offset"], how="semi", maintain_order="left"))


def test_a_sample_of_a_sample_is_its_part(half) -> None:
    ids = set(half.table("extract/documents")["doc_id"])
    assert {d for d in ids if sampled_out(d, 0.25) is None} <= ids
    assert all(sampled_out(d, 0.75) is None for d in ids)


def test_the_plan_of_the_full_run_scales_the_sample(half) -> None:
    inputs.resolve(half.context())
    needs = {}
    for ctx in (half.context(), plan.full(half.context())):
        needs[ctx.params.input.sample] = plan.estimated(ctx, plan.plan(ctx))
    assert "extract/documents" not in needs[0.5], "that much is done"
    whole = needs[1.0]["extract/documents"]
    made = sum(ref.n_bytes for ref in half_refs(half))
    assert whole.writes["extract/documents"] == pytest.approx(2 * made)
    assert needs[1.0]["quality/scores"].input_bytes == pytest.approx(2 * made)
    assert needs[1.0]["quality/scores"].seconds is None


def half_refs(half) -> list:
    return manifests.refs_of(half.context().store, "extract/documents")
