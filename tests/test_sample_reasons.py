"""Every reason that a stage can name is met in the sample, and the gate of mix tells the synthetic sources apart."""

import ast
import json
from pathlib import Path
from typing import get_args, get_type_hints

import polars as pl
import pytest

from pipelines import outputs
from pipelines.errors import GateClosed
from stages.dedup import decide
from stages.extract.pages import Failure
from stages.mix.synthetic import PROVENANCE, document_id
from stages.params import parse
from stages.quality import measure

STAGES = Path(__file__).resolve().parents[1] / "stages"

# Reasons that no page of the sample has with the params as they are, and why.
LIMITS = "no honest small page is so large; met with lower limits"
OFF = "the rule is switched off; met with it switched on"
BESIDE = "its characters also stand in repeated lines, whose rule comes first: met beside another reason"
RELEASE = "needs the index of an earlier release; met in the tests of dedup"
APART = "rejects nearly all: met in a run of its own"
MEANING = "off, and no two texts of the sample mean the same in other words; met in the tests of dedup"
MACHINE = "a limit of the machine; met in the tests of the sandbox"
NOT_MET = {
    ("dedup", "released_exact_duplicate"): RELEASE,
    ("dedup", "released_near_duplicate"): RELEASE,
    ("dedup", "semantic_duplicate"): MEANING,
    ("extract", "dated_outside"): OFF,
    ("extract", "engine_crashed"): MACHINE,
    ("extract", "engine_memory"): MACHINE,
    ("extract", "engine_timeout"): MACHINE,
    ("extract", "blocked_url"): OFF,
    ("extract", "hidden_text"): OFF,
    ("extract", "licence_not_listed"): APART,
    ("extract", "not_sampled"): OFF,
    ("extract", "opted_out"): OFF,
    ("extract", "other_canonical"): OFF,
    ("extract", "oversize"): LIMITS,
    ("extract", "prefilter_language"): OFF,
    ("extract", "prefilter_min_words"): OFF,
    ("extract", "takedown"): OFF,
    ("extract", "text_too_long"): LIMITS,
    ("extract", "too_many_nodes"): LIMITS,
    ("extract", "unlisted_url"): APART,
    ("mix", "emptied_by_edits"): OFF,
    ("mix", "missing_provenance"): OFF,
    ("mix", "not_sampled"): OFF,
    ("mix", "repeated_document"): OFF,
    ("mix", "takedown"): OFF,
    ("quality", "duplicate_paragraph_char_share_above"): BESIDE,
    ("quality", "quality_score_below"): OFF,
    ("quality", "word_count_above"): LIMITS,
    ("toxicity", "toxicity_above"): OFF,
}


def tree(path):
    return ast.walk(ast.parse((STAGES / path).read_text()))


def named(path, callee):
    """The reasons that a module writes out: first arguments of its calls of `callee`."""
    for node in tree(path):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == callee:
            yield from texts(node.args[0])
        if isinstance(node, ast.ListComp) and getattr(getattr(node.elt, "func", None), "id", "") == callee:
            filled = node.elt.args[0]
            if isinstance(filled, ast.JoinedStr):  # f"{kind}_duplicate" for kind in (…)
                yield from (one + filled.values[-1].value for one in kinds(node.generators[0].iter))


def kinds(node):
    """The kinds of duplicates that a comprehension goes through: those written out, and those of a constant."""
    written = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    constants = [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id == "_KINDS"]
    return [*written, *(kind for name in constants for kind in getattr(decide, name))]


def texts(node):
    return [node.value] if isinstance(node, ast.Constant) else []


def forbidden():
    """What stages/extract/forbidden.py writes into the column `reason`."""
    rows = [node for node in tree("extract/forbidden.py") if isinstance(node, ast.Tuple) and len(node.elts) == 4]
    return [text for row in rows for text in texts(row.elts[2]) if text]


def enumerated(raw):
    """(stage, reason) of every rule in the code, with each signal's bounds from params."""
    switched_on = parse(raw | {"quality": raw["quality"] | {"min_quality_score": 0.5}})
    machine = get_args(get_type_hints(Failure)["kind"])
    found = {
        "extract": [*named("extract/rules.py", "Fail"), *named("extract/shard.py", "Fail"), *forbidden(), *machine],
        "quality": [rule.reason for rule in measure._rules(switched_on.quality)],
        "dedup": named("dedup/decide.py", "Rule"),
        "toxicity": named("toxicity/measure.py", "Rule"),
        "mix": named("mix/decide.py", "Rule"),
    }
    return {(stage, reason) for stage, reasons in found.items() for reason in reasons}


def met(one):
    """(stage, reason) that decided about a row, in a finished run."""
    return {(s, r) for s in outputs.STAGES for r in one.table(f"{s}/decisions")["reason"].drop_nulls().unique()}


def test_enumeration_finds_reasons_of_every_stage(pipeline) -> None:
    every = enumerated(pipeline.raw)
    assert {stage for stage, _ in every} == set(outputs.STAGES)
    assert {("extract", "too_deep"), ("extract", "takedown"), ("dedup", "near_duplicate")} <= every
    assert len([reason for stage, reason in every if stage == "quality"]) >= 29


def test_every_reason_is_met_in_the_sample_but_those_listed(pipeline) -> None:
    assert met(pipeline) == enumerated(pipeline.raw) - set(NOT_MET)


def test_a_rule_that_never_comes_first_is_met_beside_another(pipeline) -> None:
    also = set(pipeline.table("quality/decisions").explode("also")["also"].drop_nulls())
    assert also >= {reason for (_, reason), why in NOT_MET.items() if why == BESIDE}


def stricter(raw):
    """Lower limits, and rules that are off by default."""
    raw["input"] |= {"sample": 0.97, "takedowns": ["tidemuseum.example", document_id("healthy", "healthy-02", None)]}
    raw["extract"] |= {"max_page_bytes": 20_000, "max_nodes": 62, "max_text_chars": 1_480}
    languages = ["en", "de", "fr", "es", "sv", "nl", "ja"]
    raw["extract"]["prefilter"] |= {"min_words": 25, "languages": languages}
    said = {"wishes": ["noai"], "max_hidden_share": 0.3, "own_canonical": True, "latest": "2023-06-30"}
    raw["extract"]["provenance"] |= said
    raw["input"]["url_lists"] = {"papers": {"path": "papers.txt"}}
    raw["quality"] |= {"languages": languages, "line_rules": ["policy"]}
    raw["quality"]["signals"]["word_count"]["max"] = 245
    del raw["quality"]["signals"]["sentence_count"]  # it counts without the lines that line_rules removes
    raw["mix"]["synthetic"]["collapsed"]["enabled"] = True
    raw["mix"]["weights"] = {"healthy": 0.05}


def test_the_listed_reasons_are_met_with_lower_limits_and_rules_switched_on(empty) -> None:
    stricter(empty.raw)
    (empty.root / "papers.txt").write_text("saltmarsh-courier.example/news\n")
    with pytest.raises(GateClosed, match="gate mix is closed"):
        empty.run()
    wanted = {name for name, why in NOT_MET.items() if why in (LIMITS, OFF)}
    assert wanted - met(empty) == {("quality", "quality_score_below"), ("toxicity", "toxicity_above")}


def test_reasons_that_reject_nearly_all_are_met_in_a_run_of_their_own(fresh) -> None:
    (fresh.root / "only.txt").write_text("commons-bench.example.org\ninkwell-annex.example.net\n")
    fresh.raw["input"]["url_lists"] = {"mine": {"path": "only.txt", "use": "only"}}
    fresh.raw["extract"]["provenance"]["licences"] = ["CC-BY"]
    fresh.raw["gates"]["extract"] = {}
    fresh.run(upto="extract")
    decisions = fresh.table("extract/decisions")
    assert {("extract", r) for r in decisions["reason"]} >= {name for name, why in NOT_MET.items() if why == APART}
    assert decisions.filter("keep")["url"].to_list() == ["https://commons-bench.example.org/notes/oiling-a-bench"]
    asked = decisions.filter(reason="licence_not_listed")
    assert asked["detail"].to_list() == ["none stated"]


def test_reasons_that_a_model_gives_are_met_where_nearly_nothing_suits_it(fresh) -> None:
    fresh.raw["quality"]["min_quality_score"] = 0.99
    fresh.raw["toxicity"] |= {"report_only": False, "max_score": 0.001}
    fresh.raw["gates"] |= {"quality": {}, "toxicity": {}}
    fresh.run(upto="toxicity")
    reasons = {s: set(fresh.table(f"{s}/decisions")["reason"]) for s in ("quality", "toxicity")}
    assert "quality_score_below" in reasons["quality"]
    assert "toxicity_above" in reasons["toxicity"]


def test_the_gate_of_mix_is_open_for_the_healthy_source(pipeline) -> None:
    assert outputs.is_open(pipeline.context().store, "mix")
    released = pipeline.table("mix/documents").filter(source="healthy")
    assert released.height >= 25
    said = released["provenance"].struct.unnest().select("origin", *PROVENANCE)
    assert said.null_count().sum_horizontal().item() == 0
    assert set(pipeline.table("mix/documents")["source"]) == {"crawl", "healthy"}


def test_the_gate_of_mix_refuses_the_collapsed_source_by_its_provenance(fresh) -> None:
    fresh.raw["mix"]["synthetic"]["collapsed"]["enabled"] = True
    with pytest.raises(GateClosed, match=r"provenance_missing \(collapsed, generator, ") as caught:
        fresh.run()
    said = str(caught.value)
    assert "provenance_missing (collapsed, generation_depth, " in said
    assert "depth_share_above" in said
    assert "mix.collapse in params.yaml" in said
    assert not outputs.is_open(fresh.context().store, "mix")
    sources = json.loads((fresh.root / "data/mix/collapse.json").read_text())["sources"]
    reasons = {(n, r["code"], r["field"], r["verdict"]) for n, found in sources.items() for r in found["reasons"]}
    assert reasons == {
        ("collapsed", "provenance_missing", "generator", "REFUSE"),
        ("collapsed", "provenance_missing", "generation_depth", "REFUSE"),
        ("collapsed", "low_power", "tokens", "ABSTAIN"),
        ("healthy", "low_power", "tokens", "ABSTAIN"),
    }
    lacking = fresh.table("mix/decisions").filter(pl.col("reason") == "missing_provenance")
    assert set(lacking["detail"]) == {"generator", "generation_depth", "generator, generation_depth"}
