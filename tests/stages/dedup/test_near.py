"""One lot: heads by priority, sets in their places whatever the order of shards, an empty lot."""

import numpy as np
import polars as pl

from stages.dedup.near import judge_lot
from stages.dedup.params import VerifyParams
from stages.dedup.sets import packed
from stages.schemas import DEDUP_AUDIT, DEDUP_NEAR

PARAMS = VerifyParams(threshold=0.8, measure="jaccard", bands=1, prefer=("earliest",))


def row(name: str, date: str, values: range, content: int, old: bool = False) -> pl.DataFrame:
    facts = {"lot": 0, "content": content, "document": name, "old": old, "date": date, "chars": 1, "score": 0.5}
    frame = pl.DataFrame([facts | {"source_rank": 0, "host_rank": 0}])
    return packed(
        frame, np.array([[7]], dtype=np.uint64), np.array(values, dtype=np.uint64), np.array([0, len(values)])
    )


def judged(shards: dict[str, list[pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    tables = {name: pl.concat(rows) for name, rows in shards.items()}
    return judge_lot(
        {name: table.drop("shingles") for name, table in tables.items()},
        {name: table.select("shingles") for name, table in tables.items()},
        PARAMS,
        lambda n: np.empty(n, dtype=np.uint64),
    )


def test_the_first_in_order_is_kept_and_shards_are_named():
    late, early = row("late", "2024", range(100), 1), row("early", "2023", range(3, 103), 2)
    found = judged({"s": [late], "t": [early]})["dedup/near"]
    assert found.to_arrow().cast(DEDUP_NEAR).num_rows == 2
    assert found.select("document", "shard", "component", "twin", "share").rows() == [
        ("early", "t", "early", None, None),
        ("late", "s", "early", "early", 0.9417),
    ]
    assert judged({"s": [early], "t": [late]})["dedup/near"].drop("shard").equals(found.drop("shard"))


def test_a_content_in_two_shards_is_judged_once_under_its_first_document():
    twice = {"s": [row("later", "2024", range(50), 1)], "t": [row("sooner", "2023", range(50), 1)]}
    found = judged(twice)
    assert found["dedup/near"].is_empty()
    assert dict(found["dedup/judged"].iter_rows())["candidate_texts"] == 1


def test_sets_of_different_sizes_find_their_places():
    rows = [row(f"d{k}", f"20{k}", range(100 * k, 100 * k + 10 + k), k) for k in range(10, 30)]
    copies = [row(f"e{k}", f"30{k}", range(100 * k, 100 * k + 10 + k), k + 100) for k in range(10, 30)]
    found = judged({"a": rows[::2] + copies[1::2], "b": copies[::2] + rows[1::2]})["dedup/near"]
    assert found.filter(pl.col("twin").is_not_null()).select("document", "twin").rows() == [
        (f"e{k}", f"d{k}") for k in range(10, 30)
    ]


def test_no_row_gives_empty_tables():
    found = judge_lot({}, {}, PARAMS, lambda n: np.empty(n, dtype=np.uint64))
    assert found["dedup/near"].to_arrow().cast(DEDUP_NEAR).num_rows == 0
    assert found["dedup/judged"].to_arrow().cast(DEDUP_AUDIT).num_rows == 0
