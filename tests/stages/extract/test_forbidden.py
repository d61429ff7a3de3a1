import polars as pl

from stages.extract.forbidden import Takedowns, forbid


def records(*rows):
    return pl.DataFrame(rows, schema=dict.fromkeys(("doc_id", "url", "host"), pl.String), orient="row")


def test_repeats_and_takedowns_of_all_shards():
    first = records(("a", "https://example.org/Page", "example.org"), ("a", None, None), (None, None, None))
    second = records(
        ("b", "https://example.org/other", "example.org"), ("a", "https://example.org/Page", "example.org")
    )
    tables = {"extract/records": {"s2": second, "s1": first}}
    found = forbid(tables, Takedowns(takedowns=("https://Example.org/page#top",)), {})["extract/forbidden"]
    assert found.rows() == [("s1", "a", "takedown", None), ("s2", "a", "repeated_record", "a")]
    every = forbid(tables, Takedowns(takedowns=(" Example.org ",)), {})["extract/forbidden"]
    assert set(every.rows()) == {*found.rows(), ("s2", "b", "takedown", None)}
    assert forbid(tables, Takedowns(takedowns=()), {})["extract/forbidden"].rows() == [found.row(1)]
