"""Accepting: a row per stage in the history, once per state, without a clock or a commit in it."""

from pipelines import accept, outputs
from pipelines.files import write_lines
from pipelines.outputs import STAGES


def test_an_accepted_run_is_a_row_per_stage(pipeline):
    rows = accept.history(pipeline.context())
    assert [(row["run"], row["stage"], row["open"]) for row in rows] == [(1, stage, True) for stage in STAGES]
    ledger = pipeline.ledger("quality")
    assert (rows[1]["documents"], rows[1]["tokens"]) == (ledger["documents"], ledger["tokens"])
    assert rows[1]["manifest"] == outputs.manifest(pipeline.context().store, "quality").digest


def test_the_same_state_is_kept_once_and_another_one_behind_it(fresh):
    ctx = fresh.context()
    write_lines(accept.history_path(ctx), accept.history(ctx))
    assert accept.history(ctx) == accept.history(ctx)
    assert {row["run"] for row in accept.history(ctx)} == {1}
    fresh.raw["quality"]["signals"]["word_count"]["min"] = 100
    fresh.run("quality")
    rows = accept.history(fresh.context())
    assert [row["run"] for row in rows] == [1] * 5 + [2] * 5
    assert rows[6]["documents"]["kept"] < rows[1]["documents"]["kept"]
