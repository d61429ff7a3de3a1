"""The suite of quality: scores and signals in range, edits that are spans."""

import pytest

from pipelines.gates import quality
from pipelines.gates.expectations import FAILED
from tests.pipelines.made import closed_by, finding, first, judged, params

FAULTS = {
    "scores.quality_score_in_unit_range": (("quality/scores", {"quality_score": 1.5}), "1.5"),
    "edit_order": (("quality/edits", {"end": 1}), "'end': 1"),
    "edits.start_not_negative": (("quality/edits", {"start": -1}), "-1"),
    "edits.end_not_negative": (("quality/edits", {"end": -1}), "-1"),
}


def test_a_sound_run_opens(made):
    assert judged(made, "quality").open


@pytest.mark.parametrize("key", FAULTS)
def test_a_fault_closes(key, made):
    (table, columns), shown = FAULTS[key]
    made.bend(table, **first(**columns))
    found = finding(made.write("quality"), "quality", key)
    assert found.outcome == FAILED
    assert shown in str(found.observed)


def test_a_share_among_the_signals_is_held_to_the_unit_range(made):
    keys = [c for c in quality.checks(params()) if c.frame.startswith("signals/") and c.key.endswith("_in_unit_range")]
    assert keys, "no signal family has a share"
    one = keys[0]
    made.bend(f"quality/{one.frame}", **first(**{one.columns[0]: 1.01}))
    found = closed_by(made.write("quality"), "quality")
    assert list(found) == [one.key]
