"""Two keys, the words for what is missing, and the life of a waiver."""

from dataclasses import replace

import pytest

from stages.mix.assess import Assessment
from stages.mix.canary.figures import Estimate, low_power
from stages.mix.canary.params import CanaryParams
from stages.mix.params import Collapse
from stages.mix.verdict import Reason, digest, rank, reasons, score, scored, waived, worst
from stages.mix.within import Comparison, Finding, Short
from tests.stages.mix.texts import document, windows

SETTINGS = Collapse(min_real_share=0.5, warn_real_share=0.667, max_unknown_depth_share=0.05)
REFUSED = [Reason("harm_and_loss", "REFUSE", "s", "unseen_3", 0.4, 0.2)]


def finding(loss, p=0.01, name="unseen_3", gates=True):
    return Finding(name, 0.5, 0.6, 0.59, 0.61, loss, 9.0, p if gates else None, gates)


def comparison(*findings):
    return Comparison(300, 900, 199, 0.0, findings)


def canary(harm=False, warn=False, why=()):
    worth = {"all": Estimate(0.25, 0.1), "tail": Estimate(-0.5, 0.1)}
    return replace(low_power({}), reason=None, harm=harm, warn=warn or harm, reasons=why, score=0.5, ert=worth)


def judged(alone, mixture=0.1, **keys):
    own = alone if isinstance(alone, Comparison) else comparison(finding(alone))
    found = Assessment(own, comparison(finding(mixture)), canary(**keys))
    return [(r.code, r.verdict, r.field, r.value, r.bound) for r in reasons("s", found, SETTINGS)]


@pytest.mark.parametrize(
    ("loss", "mixture", "harm", "expected"),
    [
        (0.3, 0.1, True, [("harm_and_loss", "REFUSE", "unseen_3", 0.3, 0.2)]),
        (0.2, 0.02, True, [("harm_and_loss", "REFUSE", "unseen_3", 0.2, 0.2)]),
        (0.3, 0.019, True, [("harm_and_loss_diluted", "WARN", "unseen_3", 0.019, 0.02)]),
        (0.3, 0.1, False, [("loss_above", "WARN", "unseen_3", 0.3, 0.1)]),
        (0.9, 0.9, False, [("loss_above", "WARN", "unseen_3", 0.9, 0.1)]),
        (0.1, 0.1, False, [("loss_above", "WARN", "unseen_3", 0.1, 0.1)]),
        (0.09, 0.1, False, []),
        (-0.5, 0.1, False, []),
        (None, 0.1, False, []),
        (0.09, 0.1, True, [("canary_harm", "WARN", None, None, None)]),
    ],
)
def test_statistics_refuse_with_two_keys_only(loss, mixture, harm, expected):
    assert judged(loss, mixture, harm=harm) == expected


def test_a_harmed_canary_and_a_middling_loss_are_two_warnings():
    assert [c[0] for c in judged(0.15, harm=True, why=("ert_tail_below",))] == ["canary_harm", "loss_above"]
    assert judged(0.15, harm=True, why=("ert_tail_below",))[0][2] == "ert_tail_below"


def test_a_canary_may_warn_by_itself():
    assert [c[:2] for c in judged(0.0, warn=True)] == [("canary_warns", "WARN")]


@pytest.mark.parametrize("finding_", [finding(0.9, p=0.06), finding(0.9, gates=False)])
def test_a_loss_that_is_not_sure_or_only_shown_turns_no_key(finding_):
    assert [c[0] for c in judged(comparison(finding_), harm=True)] == ["canary_harm"]


def test_the_largest_loss_is_named():
    both = comparison(finding(0.3), finding(0.5, name="rare_mass"))
    assert judged(both, harm=False) == [("loss_above", "WARN", "rare_mass", 0.5, 0.1)]


@pytest.mark.parametrize(
    ("alone", "code", "field", "value", "bound"),
    [
        (Short(199, 400, 900, 0.0), "low_power", "windows", 199.0, 200.0),
        (None, "low_power", "windows", 0.0, 200.0),
        (Short(300, 400, 900, 0.25), "reference_lacks", "mix.synthetic.s.reference", 0.25, 0.1),
        (Short(0, 400, 900, 1.0), "reference_lacks", "mix.synthetic.s.reference", 1.0, 0.1),
        (Short(0, 199, 900, 1.0), "low_power", "windows", 0.0, 200.0),
    ],
)
def test_too_little_text_abstains(alone, code, field, value, bound):
    """Whose fault it is: of a source that has the windows, its reference lacks what is missing."""
    found = Assessment(alone, None, None)
    assert reasons("s", found, SETTINGS) == [Reason(code, "ABSTAIN", "s", field, value, bound)]


def test_a_canary_without_enough_text_abstains():
    tokens = {"real": 9000, "synthetic": 50000}
    found = Assessment(comparison(finding(0.9)), comparison(finding(0.9)), low_power(tokens))
    assert reasons("s", found, SETTINGS) == [Reason("low_power", "ABSTAIN", "s", "canary", 9000.0)]


def test_a_verdict_is_the_worst_of_its_reasons():
    codes = {v: Reason("x", v) for v in ("PASS", "WARN", "ABSTAIN", "REFUSE")}
    assert worst([]) == "PASS"
    assert worst([codes["WARN"], codes["PASS"]]) == "WARN"
    assert worst([codes["WARN"], codes["ABSTAIN"]]) == "ABSTAIN"
    assert worst([codes["REFUSE"], codes["ABSTAIN"]]) == "REFUSE"


def waiver(name="A. Person", source="s", verdict_digest=None, in_force=True):
    own = verdict_digest or digest("s", "REFUSE", REFUSED)
    return {"source": source, "verdict_digest": own, "name": name, "reason": "why", "in_force": in_force}


def test_a_waiver_turns_the_verdict_of_its_digest_into_a_warning():
    kept, holding = waived("s", REFUSED, [waiver()])
    assert [(r.code, r.verdict, r.source, r.field) for r in kept] == [
        ("waived", "WARN", "s", "REFUSE: harm_and_loss")
    ]  # fmt: skip
    assert holding == waiver()


@pytest.mark.parametrize(
    ("bent", "code"),
    [({"verdict_digest": "0" * 32}, "waiver_void"), ({"in_force": False}, "waiver_expired")],
)
def test_a_waiver_of_another_verdict_or_day_waives_nothing_and_says_so(bent, code):
    kept, holding = waived("s", REFUSED, [waiver(**bent)])
    assert holding is None
    assert kept[0] == REFUSED[0]
    assert (kept[1].code, kept[1].verdict, kept[1].field) == (code, "WARN", "A. Person")


def test_a_waiver_of_another_source_is_none_of_ours():
    assert waived("s", REFUSED, [waiver(source="t"), waiver(source=None)]) == (REFUSED, None)


def test_a_warning_needs_no_waiver():
    mild = [Reason("loss_above", "WARN", "s")]
    kept, holding = waived("s", mild, [waiver(verdict_digest=digest("s", "WARN", mild))])
    assert holding is None
    assert [r.code for r in kept] == ["loss_above", "waiver_void"]


def test_a_digest_is_of_all_that_was_found():
    whole = digest("s", "REFUSE", REFUSED)
    others = [
        digest("t", "REFUSE", REFUSED),
        digest("s", "ABSTAIN", REFUSED),
        digest("s", "REFUSE", [replace(REFUSED[0], value=0.41)]),
        digest("s", "REFUSE", [*REFUSED, Reason("loss_above", "WARN", "s")]),
    ]
    assert len({whole, *others}) == 5
    two = [*REFUSED, Reason("loss_above", "WARN", "s")]
    assert digest("s", "REFUSE", two) == digest("s", "REFUSE", two[::-1])


def test_a_score_needs_a_reference_and_enough_text():
    found = score(windows(["a"]), None, SETTINGS)
    assert (found.score, found.verdict, [r.code for r in found.reasons]) == (None, "ABSTAIN", ["no_reference"])
    small = score(windows(["a"]), windows(["b"]), SETTINGS)
    assert (small.score, small.verdict, [r.code for r in small.reasons]) == (None, "ABSTAIN", ["low_power"])


def scored_at(corpus, way, *, unlike=0.0, bits=0.0, told=0.0, style=0.0, harm=False, easy=True):
    """Of a deviation and a canary's way to harm; divergence and separability by deviation and by size."""
    shown = replace(finding(0.1, gates=False), name="divergence", deviation=unlike, value=0.6 + bits)
    style_ = replace(shown, name="separability", deviation=told, value=0.6 + style)
    easy_ = replace(finding(0.0, gates=easy), name="predictable", deviation=-9.0)
    alone = comparison(replace(finding(0.3), deviation=corpus), shown, style_, easy_)
    return scored(Assessment(alone, alone, replace(canary(harm), score=way)), SETTINGS)


def test_a_loss_scores_less_the_less_the_text_is_what_its_reference_is():
    assert scored_at(6.0, 0.0).score == scored_at(6.0, 0.0, told=-9.0, style=-0.1, bits=-0.1).score == pytest.approx(2)
    assert scored_at(6.0, 0.0, unlike=2.0).score == scored_at(6.0, 0.0, told=4.0).score == pytest.approx(1)
    assert scored_at(6.0, 0.0, unlike=2.0, told=4.0).score == pytest.approx(2 / 3)
    assert scored_at(6.0, 0.0, unlike=-4.0).score == pytest.approx(4), "what lost its tail is like the rest of its kind"
    assert scored_at(6.0, 0.0, unlike=-4.0, easy=False).score == pytest.approx(2), "and what was edited out of it"
    assert scored_at(6.0, 0.2).verdict == scored_at(6.0, 0.2, unlike=90.0).verdict == "WARN"


def test_harm_that_any_other_hand_does_scores_nothing():
    assert scored_at(0.0, 0.3, style=0.3).score == 0, "good synthetic text is told apart, and worth less than real text"
    assert scored_at(0.0, 0.5, style=0.3).score == scored_at(0.0, 0.2).score == pytest.approx(1)
    assert scored_at(0.0, 0.35, style=0.05).score == pytest.approx(1)
    assert scored_at(0.0, 0.2, bits=0.02).score == pytest.approx(0.5)
    assert scored_at(0.0, 0.2, bits=0.04).score == pytest.approx(0.2)
    assert scored_at(0.0, 0.2, unlike=90.0, told=90.0).score == pytest.approx(1), "sure, not large"


def test_a_score_is_of_the_worse_of_two_and_never_below_nothing():
    assert scored_at(6.0, 0.2).score == pytest.approx(2)
    assert scored_at(3.0, 0.6).score == pytest.approx(3)
    assert scored_at(-6.0, -0.2).score == 0


def test_two_keys_are_evidence_however_unlike_the_text_is():
    one, both = (scored_at(4.0, 0.0, unlike=90.0, bits=0.1, harm=harm) for harm in (False, True))
    assert one.score < 0.2
    assert (both.score, both.verdict) == (3, "REFUSE")


def test_harm_is_what_a_word_lacks_of_the_worth_of_real_text_however_unlike_the_text_is():
    answer = scored_at(9.0, 0.5, unlike=90.0)
    alone = answer.found.alone
    assert (answer.harm, answer.tail_harm) == (0.75, 1.5)
    assert rank(answer) == {"score": round(answer.score, 4), "harm": 0.75, "tail_harm": 1.5}
    small = scored(Assessment(alone, alone, low_power({"real": 10})), SETTINGS)
    assert rank(small) == {"score": None, "harm": None, "tail_harm": None}


def test_a_source_that_says_the_same_again_is_refused_and_a_real_one_is_not():
    real = windows([f"r{i}" for i in range(400)])
    canary_ = CanaryParams(tokens=20_000, generations=3, seeds=1)
    settings = SETTINGS.model_copy(update={"draws": 39, "canary": canary_})
    copies = windows([f"c{i}" for i in range(120)], 3, lambda name, n: document(f"c{hash_of(name)}", n))
    bad, good = (score(s, real, settings, share=0.4) for s in (copies, windows([f"g{i}" for i in range(120)])))
    assert bad.verdict == "REFUSE"
    assert [r.code for r in bad.reasons] == ["harm_and_loss"]
    assert good.verdict in ("PASS", "WARN")
    assert "harm_and_loss" not in [r.code for r in good.reasons]
    assert bad.score > 2 * good.score


def hash_of(name):
    return int(name[1:]) % 6
