"""Estimates: arithmetic on rates, and null where nothing was measured."""

import pytest

from pipelines import estimate
from pipelines.stage import Todo

MB = 1_000_000


def rate(family="extract/documents", seconds=10.0, n_bytes=5 * MB, **more) -> dict:
    stage, _, name = family.partition("/")
    row = {"stage": stage, "family": name, "shards": 4, "failed": 0, "seconds": seconds, "input_bytes": n_bytes}
    return row | {"tables": {}, "peak_mb": 100, "sample": 1.0, "lanes": 1} | more


def job(family="extract/documents", n_bytes=0, unknown=(), writes=("t/out",), shard="s") -> Todo:
    stage, _, name = family.partition("/")
    return Todo(stage, name, shard, "new", n_bytes, tuple(unknown), tuple(writes))


def test_seconds_go_with_megabytes() -> None:
    known = estimate.rates([rate(seconds=10.0, n_bytes=5 * MB)], 1.0)
    need = estimate.needs([job(n_bytes=30 * MB)], known, {"extract/documents": 1})["extract/documents"]
    assert (need.shards, need.seconds, need.peak_mb) == (1, pytest.approx(60.0), 100)


def test_lanes_share_the_work() -> None:
    known = estimate.rates([rate(seconds=10.0, n_bytes=8 * MB, lanes=4)], 1.0)
    jobs = [job(n_bytes=8 * MB, shard=str(i)) for i in range(8)]
    assert estimate.needs(jobs, known, {"extract/documents": 2})["extract/documents"].seconds == pytest.approx(160.0)
    assert estimate.needs(jobs[:1], known, {"extract/documents": 9})["extract/documents"].seconds == pytest.approx(40.0)


def test_the_median_of_the_largest_runs() -> None:
    small = [rate(seconds=50.0, n_bytes=1000) for _ in range(9)]  # set-up, no rate
    large = [rate(seconds=s, n_bytes=10 * MB) for s in (10.0, 11.0, 12.0, 13.0, 90.0)]
    assert estimate.rates([*small, *large], 1.0)["extract/documents"].seconds == pytest.approx(1.2)


def test_failed_and_empty_runs_are_no_rates() -> None:
    assert estimate.rates([rate(failed=1), rate(n_bytes=0), {"stage": "x", "family": "y", "shards": 1}], 1.0) == {}


def test_what_is_not_made_yet_is_sized_by_what_was_made() -> None:
    rows = [
        rate(seconds=1.0, n_bytes=10 * MB, tables={"extract/documents": 2 * MB}),
        rate("quality/scores", 4.0, 2 * MB),
    ]
    first = [job(n_bytes=50 * MB, writes=["extract/documents"], shard=s) for s in "ab"]
    later = [job("quality/scores", unknown=[("extract/documents", 1)], writes=["q/s"], shard=s) for s in "ab"]
    found = estimate.needs([*first, *later], estimate.rates(rows, 1.0), {"extract/documents": 1, "quality/scores": 1})
    assert found["extract/documents"].writes == {"extract/documents": pytest.approx(20 * MB)}
    assert found["quality/scores"].input_bytes == pytest.approx(20 * MB)
    assert found["quality/scores"].seconds == pytest.approx(40.0)


def test_a_family_that_never_ran_is_unknown_and_so_is_what_depends_on_it() -> None:
    known = estimate.rates([rate("quality/scores", 4.0, 2 * MB)], 1.0)
    later = job("quality/scores", n_bytes=MB, unknown=[("extract/documents", 1)])
    jobs = [job(n_bytes=MB, writes=["extract/documents"]), later]
    found = estimate.needs(jobs, known, {"extract/documents": 1, "quality/scores": 1})
    assert found["extract/documents"].seconds is None
    assert (found["quality/scores"].seconds, found["quality/scores"].input_bytes) == (None, None)


def test_a_tenth_measured_is_ten_times_as_much_but_for_the_reading() -> None:
    rows = [
        rate("extract/records", seconds=2.0, n_bytes=MB, sample=0.1),
        rate(seconds=5.0, n_bytes=MB, sample=0.1, tables={"extract/documents": 1000, "extract/decisions": 500}),
    ]
    whole = estimate.rates(rows, 1.0)["extract/documents"]
    assert whole.seconds == pytest.approx(2.0 + 3.0 * 10)
    assert whole.tables == {"extract/documents": pytest.approx(0.01), "extract/decisions": pytest.approx(0.0005)}
    assert estimate.rates(rows, 0.1)["extract/documents"].seconds == pytest.approx(5.0)
