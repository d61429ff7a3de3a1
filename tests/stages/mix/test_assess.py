"""One source, alone and in the mixture: what is pooled, mixed, set apart and searched."""

import json

import polars as pl
import pytest

from stages.mix.assess import apart_of, assess, decoded, largest_share, mixed, plain, pool, within
from stages.mix.canary.params import CanaryParams
from stages.mix.declared import DECLARED
from stages.mix.params import AssessParams, Collapse
from stages.mix.source import judge_source
from stages.mix.windows import SCHEMA
from tests.stages.mix.texts import document, windows

SETTINGS = Collapse(
    min_real_share=0.5, warn_real_share=0.667, max_unknown_depth_share=0.05, min_windows=50, draws=39,
    canary=CanaryParams(tokens=20_000, generations=3, seeds=1),
)  # fmt: skip
REAL = windows([f"r{i}" for i in range(300)])


def repeated(name, length):
    return document(f"x{int(name[1:]) % 5}", length)


BAD = windows([f"m{i}" for i in range(80)], 3, repeated)


def test_domains_that_are_too_small_are_one():
    source = pl.concat([windows([f"a{i}"], 60, domain="a") for i in range(1)] + [windows(["b"], 5, domain="b")])
    reference = pl.concat(
        [windows(["c"], 180, domain="a"), windows(["d"], 180, domain="b"), windows(["e"], 9, domain="c")]
    )
    ours, real = pool(source, reference)
    assert ours["domain"].value_counts().sort("domain").rows() == [("", 5), ("a", 60)]
    assert real["domain"].value_counts().sort("domain").rows() == [("", 189), ("a", 180)]
    ours, real = pool(source, reference.head(9))
    assert set(ours["domain"]) == {"", "a"}, "a domain without enough reference is not held against another"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_mixture_has_the_share_and_no_document_of_its_controls(share):
    mixture, rest = mixed(BAD, REAL, share)
    own = mixture.filter(pl.col("doc_id").str.starts_with("m")).height
    assert own / mixture.height == pytest.approx(share, abs=0.01)
    assert not set(mixture["doc_id"]) & set(rest["doc_id"])
    assert mixture.height > 80


def test_documents_are_set_apart_whole_and_by_their_name():
    first = apart_of(REAL["doc_id"], "x", 0.3)
    assert 0.2 < first.mean() < 0.4
    assert not set(REAL.filter(first)["doc_id"]) & set(REAL.filter(~first)["doc_id"])
    assert not first.equals(apart_of(REAL["doc_id"], "y", 0.3))


def test_the_loss_of_a_mixture_grows_with_the_share():
    alone = within(BAD, REAL, SETTINGS, 39)
    names = [f.name for f in alone.lost(0.2, 0.05)]
    losses = [within(*mixed(BAD, REAL, q), SETTINGS, 39).mean_loss(names) for q in (0.2, 0.5, 0.9)]
    assert losses == sorted(losses)
    assert losses[-1] > 0.2


def test_the_largest_share_is_the_one_at_which_little_enough_is_lost():
    alone = within(BAD, REAL, SETTINGS, 39)
    shares = [
        largest_share(BAD, REAL, alone, SETTINGS.model_copy(update={"mixture_loss": b})) for b in (0.02, 0.06, 0.2)
    ]
    assert 0.001 < (shares[0] or 0.002) < shares[1] < shares[2] < 1


def declared(*rows):
    return pl.DataFrame([("s", "decoding", value, n) for value, n in rows], schema=DECLARED, orient="row")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], (1.0, 1.0)),
        ([('{"temperature":0.7,"top_p":0.9}', 5), ('{"temperature":0.2}', 3)], (0.7, 0.9)),
        ([('{"temperature":0.2,"top_p":0.01}', 5)], (0.3, 0.1)),
        ([('{"temperature":1.4,"top_k":5}', 5)], (1.0, 1.0)),
        ([('{"temperature":"hot","top_p":true}', 5)], (1.0, 1.0)),
    ],
)
def test_canaries_write_as_most_rows_of_the_source_were_written(rows, expected):
    own = AssessParams(source="s", share=0.3, real_share=0.7)
    found = decoded(CanaryParams(), declared(*rows), own)
    assert (found.temperature, found.top_p, found.real_share) == (*expected, 0.7)
    assert decoded(CanaryParams(), declared(), AssessParams(source="s", share=1, real_share=0)).real_share is None


def test_findings_are_rounded_and_are_json():
    found = assess(BAD, REAL, SETTINGS, 0.3)
    for part in (found.alone, found.mixture, found.canary):
        value = plain(part)
        assert json.loads(json.dumps(value)) == value
        assert value["kind"] == type(part).__name__
    assert plain(None) is None
    assert all(round(f["loss"], 6) == f["loss"] for f in plain(found.alone)["findings"] if f["loss"] is not None)


def shard(rows, origin):
    return rows.with_columns(source=pl.lit("s"), origin=pl.lit(origin), host=pl.lit(None, dtype=pl.String)).select(
        *SCHEMA
    )


def judged(parts, settings=SETTINGS):
    tables = {"mix/windows": parts, "mix/declared": declared()}
    return judge_source(tables, (settings, AssessParams(source="s", share=0.3, real_share=0.7)), {})["mix/assessments"]


def test_a_source_is_judged_the_same_however_its_windows_are_dealt():
    bad, real = shard(BAD, "synthetic"), shard(REAL, "reference")
    other = bad.with_columns(source=pl.lit("t"))
    whole = judged({"0": pl.concat([bad, real])})
    assert judged(
        {"1": pl.concat([real.tail(500), bad.head(70), other]), "0": pl.concat([bad.tail(-70), real.head(-500)])}
    ).equals(whole)
    found = dict(whole.select("part", "found").iter_rows())
    assert list(found) == ["reasons", "rank", "alone", "mixture", "canary", "weight", "bounds", "exhibits"]
    assert [r["code"] for r in json.loads(found["reasons"])] == ["harm_and_loss"]
    assert 0 < json.loads(found["weight"])["largest"] < 0.5
    assert {n: v > 0.5 for n, v in json.loads(found["rank"]).items()} == {
        "score": True,
        "harm": True,
        "tail_harm": True,
    }


def test_a_loss_that_harms_no_canary_bears_any_weight():
    never = {"warn_ert": -9.0, "harm_ert": -9.0, "warn_ert_tail": -9.0, "harm_ert_tail": -9.0, "harm_entropy_drop": 9.0}
    mild = SETTINGS.canary.model_copy(update=never | {"harm_penalty": 9.0, "harm_excess": 9.0})
    parts = {"0": pl.concat([shard(BAD, "synthetic"), shard(REAL, "reference")])}
    found = dict(judged(parts, SETTINGS.model_copy(update={"canary": mild})).select("part", "found").iter_rows())
    assert "loss_above" in [r["code"] for r in json.loads(found["reasons"])]
    assert "weight" not in found


@pytest.mark.parametrize(("windows", "code"), [(49, "low_power"), (50, "reference_lacks")])
def test_a_reference_that_matches_nothing_lacks_all_of_a_source_that_has_windows(windows, code):
    found = judged({"0": shard(BAD.head(windows), "synthetic")})
    (reason,) = json.loads(dict(found.select("part", "found").iter_rows())["reasons"])
    assert (reason["code"], reason["verdict"]) == (code, "ABSTAIN")


def test_of_too_few_windows_only_their_number_is_said():
    found = judged({"0": pl.concat([shard(BAD.head(20), "synthetic"), shard(REAL, "reference")])})
    parts = {part: json.loads(value) for part, value in found.select("part", "found").iter_rows()}
    assert [r["code"] for r in parts["reasons"]] == ["low_power"]
    assert parts["alone"] == {"kind": "Short", "windows": 20, "source": 20, "reference": 900, "unmatched": 0.0}
    assert (parts["mixture"], parts["canary"]) == (None, None)
    assert set(parts["rank"].values()) == {None}
    assert not {"exhibits", "bounds"} & set(parts)
