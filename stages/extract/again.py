"""A shard after bounds of the cheap look were loosened: only what they had turned away is read anew.

Nothing else can have changed, since a page that passed passes a looser bound too, and what other rules rejected they
reject again. So the earlier tables are copied, but for the rows of those pages. Knows no file and no receipt.
"""

from collections.abc import Mapping

import polars as pl

from stages.extract.params import Prefilter

LEFT = "not_again"  # stands in no table: the reason by which the second reading passes over all other records
_BOUNDS = "prefilter_"
_DECISIONS = "extract/decisions"


def is_looser(new: Prefilter, old: Prefilter) -> bool:
    """Whether every page that passed `old` passes `new`, and the two differ."""
    words = new.min_words is None or (old.min_words is not None and new.min_words <= old.min_words)
    languages = new.languages is None or (old.languages is not None and set(new.languages) >= set(old.languages))
    return words and languages and new != old


def turned_away(decisions: pl.DataFrame) -> frozenset[str]:
    """doc_ids that a bound of the look speaks against, be it first or beside others."""
    named = (
        pl.col("reason").str.starts_with(_BOUNDS)
        | pl.col("also").list.eval(pl.element().str.starts_with(_BOUNDS)).list.any()
    )
    return frozenset(decisions.filter(named.fill_null(False))["doc_id"].to_list())


def passed_over(decisions: pl.DataFrame, again: frozenset[str]) -> dict[str, tuple[str, str | None]]:
    """All other doc_ids, as what a reading must not look at."""
    return {doc_id: (LEFT, None) for doc_id in decisions["doc_id"].to_list() if doc_id not in again}


def merged(
    old: Mapping[str, pl.DataFrame], new: Mapping[str, pl.DataFrame], again: frozenset[str]
) -> dict[str, pl.DataFrame]:
    """The earlier tables with the new rows of `again`, in the order of the archive.

    Raises ValueError where the two readings do not name the same records in the same order.
    """
    before, after = old[_DECISIONS], new[_DECISIONS]
    if not before["doc_id"].equals(after["doc_id"]):
        raise ValueError("the two readings differ in their records")
    place = {doc_id: i for i, doc_id in reversed(list(enumerate(before["doc_id"].to_list())))}
    own = pl.Series(doc_id in again for doc_id in before["doc_id"].to_list())
    rows = pl.concat([before.with_row_index().filter(~own), after.with_row_index().filter(own)])
    tables = {name: _joined(old[name], new[name], again, place) for name in old if name != _DECISIONS}
    return {**tables, _DECISIONS: rows.sort("index").drop("index")}


def _joined(old: pl.DataFrame, new: pl.DataFrame, again: frozenset[str], place: Mapping[str, int]) -> pl.DataFrame:
    kept = old.filter(~pl.col("doc_id").is_in(list(again)))
    both = pl.concat([kept, new.select(old.columns).cast(old.schema)])
    order = pl.Series("place", [place[doc_id] for doc_id in both["doc_id"].to_list()], dtype=pl.Int64)
    return both.with_columns(order).sort("place", maintain_order=True).drop("place")
