"""Decisions: rules held against measures, one row per document, with the first failing rule as the reason.

A rule bounds one measure; a document fails it when its value lies outside [minimum, maximum]. An undefined (null)
value fails nothing: what could not be measured is no reason to reject. This module knows no particular measure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

DETAIL_MAX = 200


@dataclass(frozen=True)
class Rule:
    """One side of a bound. `failed` is a boolean expression; `value` and `bound` are what explain shows (or None)."""

    reason: str
    failed: pl.Expr
    value: pl.Expr | None = None
    bound: float | None = None
    related: pl.Expr | None = None
    detail: pl.Expr | None = None


def below(column: str, minimum: float) -> Rule:
    """Reject documents whose `column` is less than `minimum`, as `<column>_below`."""
    return Rule(f"{column}_below", pl.col(column) < minimum, pl.col(column), minimum)


def above(column: str, maximum: float) -> Rule:
    """Reject documents whose `column` is greater than `maximum`, as `<column>_above`."""
    return Rule(f"{column}_above", pl.col(column) > maximum, pl.col(column), maximum)


def decide(measures: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Hold every rule against every row of `measures` (which has doc_id), in the given order.

    Returns one row per row of `measures`, same order, with the columns of schemas.DECISIONS.
    """
    flags = [rule.failed.fill_null(False).alias(f"_{i}") for i, rule in enumerate(rules)]
    table = measures.with_columns(flags)
    failed = [pl.when(pl.col(f"_{i}")).then(pl.lit(rule.reason)) for i, rule in enumerate(rules)]
    reasons = pl.concat_list(failed).list.drop_nulls() if rules else pl.lit([], dtype=pl.List(pl.String))
    return table.select(
        "doc_id",
        (reasons.list.len() == 0).alias("keep"),
        reasons.list.first().alias("reason"),
        _first([(f"_{i}", rule.value) for i, rule in enumerate(rules)], pl.Float64).alias("value"),
        _first([(f"_{i}", _lit(rule.bound)) for i, rule in enumerate(rules)], pl.Float64).alias("bound"),
        reasons.list.slice(1).alias("also"),
        _first([(f"_{i}", rule.related) for i, rule in enumerate(rules)], pl.String).alias("related_doc_id"),
        _first([(f"_{i}", rule.detail) for i, rule in enumerate(rules)], pl.String)
        .str.slice(0, DETAIL_MAX)
        .alias("detail"),
    )


def _lit(bound: float | None) -> pl.Expr | None:
    return None if bound is None else pl.lit(bound)


def _first(choices: Sequence[tuple[str, pl.Expr | None]], dtype: type[pl.DataType]) -> pl.Expr:
    """The expression of the first rule that failed, null where none did or where it has none."""
    out: pl.Expr = pl.lit(None, dtype=dtype)
    for flag, expr in reversed(choices):
        out = pl.when(pl.col(flag)).then((pl.lit(None) if expr is None else expr).cast(dtype)).otherwise(out)
    return out
