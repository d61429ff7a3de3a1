"""The door to the engine: findings are plain, ordered as asked, and name the rows at fault."""

import subprocess
import sys

import polars as pl
import pytest

from pipelines.gates import checks
from pipelines.gates.evidence import whole
from pipelines.gates.expectations import COULD_NOT_RUN, FAILED, HELD, validate
from pipelines.store import ROOT

FRAME = pl.DataFrame(
    {"name": ["a", "b", "c"], "one": [1, 2, 3], "two": [1, 2, 4], "share": [0.5, None, 1.5], "kind": ["x", "x", None]}
)


def run(*asked):
    return validate("frame", whole(FRAME, "name"), asked)


@pytest.mark.parametrize(
    ("check", "row"),
    [
        (checks.equal("k", "f", "one", "two", "w"), {"name": "c", "one": 3, "two": 4}),
        (checks.at_least("k", "f", "one", "two", "w"), {"name": "c", "one": 3, "two": 4}),
        (checks.between("k", "f", "share", "w", 0, 1), {"name": "c", "share": 1.5}),
        (checks.present("k", "f", "kind", "w"), {"name": "c", "kind": None}),
        (checks.absent("k", "f", "kind", "w"), {"name": "a", "kind": "x"}),
        (checks.unique("k", "f", ("kind",), "w"), {"name": "a", "kind": "x"}),
        (checks.among("k", "f", "kind", ("y",), "w"), {"name": "a", "kind": "x"}),
        (checks.matches("k", "f", "name", "[ab]", "w"), {"name": "c"}),
    ],
)
def test_a_failure_names_the_row(check, row):
    [found] = run(check)
    assert (found.outcome, found.observed[0]) == (FAILED, row)


def test_rows_that_agree_in_several_columns():
    frame = whole(pl.DataFrame({"name": ["a", "b", "c"], "p": [1, 1, 2], "q": [7, 7, 7]}), "name")
    [found] = validate("frame", frame, [checks.unique("k", "f", ("p", "q"), "w")])
    assert [row["name"] for row in found.observed] == ["a", "b"]


def test_findings_come_in_the_order_asked_also_where_one_could_not_run():
    asked = [checks.present(name, "f", name, "w") for name in ("name", "gone", "one", "kind")]
    found = run(*asked)
    assert [f.check.key for f in found] == ["name", "gone", "one", "kind"]
    assert [f.outcome for f in found] == [HELD, COULD_NOT_RUN, HELD, FAILED]
    assert "gone" in found[1].observed
    assert "Traceback" not in found[1].observed


def test_a_frame_of_one_row_shows_its_value_when_it_holds():
    frame = whole(pl.DataFrame({"reject_rate": [0.25]}))
    [found] = validate("totals", frame, [checks.between("k", "totals", "reject_rate", "w", 0, 1)])
    assert (found.outcome, found.observed) == (HELD, {"reject_rate": 0.25})


def test_an_undefined_share_fails_nothing_and_nan_does():
    one = whole(pl.DataFrame({"share": [None]}, schema={"share": pl.Float64}))
    two = whole(pl.DataFrame({"name": ["a", "b"], "share": [float("nan"), 1.0]}), "name")
    check = checks.between("k", "f", "share", "w", 0, 1)
    assert validate("one", one, [check])[0].outcome == HELD
    [found] = validate("two", two, [check])
    assert (found.outcome, found.observed) == (FAILED, [{"name": "a", "share": "nan"}])


def test_a_million_rows_at_fault_are_counted_and_five_shown():
    rows = 300_000
    frame = whole(pl.DataFrame({"name": ["a"] * rows, "share": [2.0] * rows}), "name")
    [found] = validate("frame", frame, [checks.between("k", "f", "share", "w", 0, 1)])
    assert (found.unexpected_count, len(found.observed)) == (rows, 5)


def test_kwargs_name_no_batch():
    [found] = run(checks.present("k", "f", "name", "w"))
    assert found.kwargs == {"column": "name"}


def test_a_usage_error_does_not_pay_for_the_engine():
    code = "import sys, pipelines.gates.__main__ as m; assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_nothing_is_printed_by_the_engine(capfd):
    run(checks.present("k", "f", "kind", "w"))
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
