"""The suite of quality: scores and signals in range, edits that are spans."""

import pytest

from pipelines.gates import quality
from tests.pipelines.made import Made, closed_by, first, judged, params

FAULTS = {
    "scores.quality_score_in_unit_range": (("quality/scores", {"quality_score": 1.5}), "1.5"),
    "edit_order": (("quality/edits", {"end": 1}), "'end': 1"),
    "edits.start_not_negative": (("quality/edits", {"start": -1}), "-1"),
    "edits.end_not_negative": (("quality/edits", {"end": -1}), "-1"),
}


def test_a_sound_run_opens(tmp_path):
    assert judged(Made(tmp_path).write("extract", "quality"), "quality").open


@pytest.mark.parametrize("key", FAULTS)
def test_a_fault_closes(key, tmp_path):
    (table, columns), shown = FAULTS[key]
    made = Made(tmp_path)
    made.bend(table, **first(**columns))
    found = closed_by(made.write("extract", "quality"), "quality")
    assert shown in str(found[key].observed)


def test_a_share_among_the_signals_is_held_to_the_unit_range(tmp_path):
    keys = [c for c in quality.checks(params()) if c.frame.startswith("signals/") and c.key.endswith("_in_unit_range")]
    assert keys, "no signal family has a share"
    one = keys[0]
    made = Made(tmp_path)
    made.bend(f"quality/{one.frame}", **first(**{one.columns[0]: 1.01}))
    found = closed_by(made.write("extract", "quality"), "quality")
    assert list(found) == [one.key]
