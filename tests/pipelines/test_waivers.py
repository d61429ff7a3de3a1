"""A waiver holds up to its last day, and `inputs` is where that is asked."""

from datetime import date

import pytest

from pipelines import inputs, waivers
from pipelines.errors import BadInput
from pipelines.files import read_lines
from stages.mix.params import Waiver

ONE = {
    "source": "s",
    "verdict_digest": "0" * 32,
    "name": "A. Person",
    "reason": "checked by hand",
    "expires": "2024-06-30",
}


@pytest.mark.parametrize(("day", "holds"), [("2024-06-29", True), ("2024-06-30", True), ("2024-07-01", False)])
def test_a_waiver_holds_on_its_last_day_and_no_longer(day, holds):
    assert waivers.held([Waiver(**ONE)], date.fromisoformat(day)) == [ONE | {"in_force": holds}]


def test_a_day_that_does_not_exist_is_an_error_that_names_its_key():
    bad = Waiver(**(ONE | {"expires": "2024-02-30"}))
    with pytest.raises(BadInput, match=r"mix\.waivers\.1\.expires: 2024-02-30 is no day"):
        waivers.held([Waiver(**ONE), bad], date(2024, 1, 1))


@pytest.mark.parametrize(
    "bent", [{"verdict_digest": "abc"}, {"name": ""}, {"expires": "soon"}, {"until": "2024-01-01"}]
)
def test_a_waiver_without_name_digest_or_day_is_refused(bent):
    with pytest.raises(ValueError, match=next(iter(bent))):
        Waiver(**(ONE | bent))


def test_inputs_writes_whether_waivers_hold_today(empty, monkeypatch):
    empty.raw["mix"]["waivers"] = [ONE | {"source": "healthy"}]
    path = empty.root / "data" / "inputs" / "waivers.jsonl"
    for day, holds in ((date(2024, 6, 1), True), (date(2024, 8, 1), False)):
        monkeypatch.setattr(waivers, "today", lambda day=day: day)
        inputs.resolve(empty.context())
        assert [row["in_force"] for row in read_lines(path)] == [holds]
