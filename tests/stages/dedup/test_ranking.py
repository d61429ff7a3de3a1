"""Ranking: each policy, the order between policies, what is unknown, ties, and documents of earlier releases."""

import polars as pl
import pytest

from stages.dedup.ranking import ranked

ROWS = pl.DataFrame(
    {
        "document": ["d", "c", "b", "a"],
        "date": ["2024", "2023", None, "2024"],
        "chars": [10, 5, 99, 10],
        "score": [0.1, None, 0.9, 0.1],
        "source_rank": [0, 2, 1, 0],
        "host_rank": [1, 0, 2, 1],
    }
)


@pytest.mark.parametrize(
    ("prefer", "order"),
    [
        ((), "abcd"),
        (("earliest",), "cadb"),
        (("longest",), "badc"),
        (("best_score",), "badc"),
        (("source",), "adbc"),
        (("host",), "cadb"),
        (("source", "longest"), "adbc"),
    ],
)
def test_order(prefer, order):
    assert "".join(ranked(ROWS, prefer)["document"]) == order


def test_an_earlier_release_comes_first_whatever_the_policy():
    rows = ROWS.with_columns(old=pl.col("document") == "b")
    assert ranked(rows, ("earliest",))["document"].to_list() == ["b", "c", "a", "d"]
