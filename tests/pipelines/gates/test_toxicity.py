"""The suite of toxicity: scores in range, edits that are spans."""

import pytest

from pipelines.gates import common, toxicity
from pipelines.gates.expectations import FAILED
from tests.pipelines.made import finding, first, judged, params

FAULTS = {
    "scores.toxicity_score_in_unit_range": (("toxicity/scores", {"toxicity_score": float("nan")}), "nan"),
    "edit_order": (("toxicity/edits", {"end": 1}), "'end': 1"),
    "edits.start_not_negative": (("toxicity/edits", {"start": -1}), "-1"),
    "edits.end_not_negative": (("toxicity/edits", {"end": -1}), "-1"),
}


def test_a_sound_run_opens(made):
    assert judged(made, "toxicity").open


@pytest.mark.parametrize("key", FAULTS)
def test_a_fault_closes(key, made):
    (table, columns), shown = FAULTS[key]
    made.bend(table, **first(**columns))
    found = finding(made.write("toxicity"), "toxicity", key)
    assert found.outcome == FAILED
    assert shown in str(found.observed)


def test_every_expectation_of_its_own_is_seen_to_fail():
    shared = [*common.tables(), *common.conservation(), *common.inherited("x"), *common.decisions()]
    shared += common.bands("toxicity", params().gates.toxicity)
    assert {c.key for c in toxicity.checks(params())} - {c.key for c in shared} == set(FAULTS)
