"""A suite as values: what is expected, of which frame and columns, in plain words, and which params key moves it.

The types are those of Great Expectations; this module names them and never imports it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from stages.params import Params


@dataclass(frozen=True)
class Check:
    """One expectation of one frame. `param` None: a law, which no bound moves. A `warns` check never closes a gate."""

    key: str
    frame: str
    words: str
    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    param: str | None = None
    warns: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it looks at, in the order of its arguments."""
        named = [v for k, v in self.kwargs.items() if k in ("column", "column_A", "column_B")]
        return (*named, *self.kwargs.get("column_list", ()))


@dataclass(frozen=True)
class Suite:
    """A stage's gate. `cut`: tables with a file per shard of the parent; `rows`: tables looked at row by row."""

    stage: str
    checks: Callable[[Params], list[Check]]
    cut: tuple[str, ...]
    rows: tuple[str, ...] = ()


def equal(key: str, frame: str, one: str, other: str, words: str) -> Check:
    """Two columns agree in every row."""
    return Check(key, frame, words, "expect_column_pair_values_to_be_equal", {"column_A": one, "column_B": other})


def at_least(key: str, frame: str, one: str, other: str, words: str) -> Check:
    """In every row the first column is no smaller than the second."""
    columns = {"column_A": one, "column_B": other, "or_equal": True}
    return Check(key, frame, words, "expect_column_pair_values_a_to_be_greater_than_b", columns)


def absent(key: str, frame: str, column: str, words: str, *, param: str | None = None, warns: bool = False) -> Check:
    """The column, which names faults, is null in every row."""
    return Check(key, frame, words, "expect_column_values_to_be_null", {"column": column}, param, warns)


def present(key: str, frame: str, column: str, words: str) -> Check:
    """The column has a value in every row."""
    return Check(key, frame, words, "expect_column_values_to_not_be_null", {"column": column})


def unique(key: str, frame: str, columns: tuple[str, ...], words: str) -> Check:
    """No two rows agree in all of these columns."""
    if len(columns) == 1:
        return Check(key, frame, words, "expect_column_values_to_be_unique", {"column": columns[0]})
    return Check(key, frame, words, "expect_compound_columns_to_be_unique", {"column_list": list(columns)})


def among(key: str, frame: str, column: str, values: tuple[Any, ...], words: str) -> Check:
    """Every value is one of these; null is not judged."""
    kwargs = {"column": column, "value_set": list(values)}
    return Check(key, frame, words, "expect_column_values_to_be_in_set", kwargs)


def matches(key: str, frame: str, column: str, pattern: str, words: str) -> Check:
    """Every value matches the pattern; null is not judged."""
    return Check(key, frame, words, "expect_column_values_to_match_regex", {"column": column, "regex": pattern})


def between(
    key: str,
    frame: str,
    column: str,
    words: str,
    low: float | None = None,
    high: float | None = None,
    param: str | None = None,
) -> Check:
    """Every value lies in [low, high]; null is not judged, NaN fails."""
    bounds = {name: value for name, value in (("min_value", low), ("max_value", high)) if value is not None}
    return Check(key, frame, words, "expect_column_values_to_be_between", {"column": column, **bounds}, param)


def ranges(frame: str, schema: pa.Schema) -> list[Check]:
    """What column names promise: scores, shares and similarity lie in [0, 1], counts and sizes are not negative."""
    return [check for name in schema.names if (check := _range(frame, name)) is not None]


def _range(frame: str, name: str) -> Check | None:
    if name.endswith(("_score", "_share")) or name == "similarity":
        return between(f"{frame}.{name}_in_unit_range", frame, name, f"{name} in {frame} lies between 0 and 1", 0, 1)
    if name.startswith("n_") or name in ("start", "end", "copy", "generation_depth"):
        return between(f"{frame}.{name}_not_negative", frame, name, f"{name} in {frame} is not negative", 0)
    if name.endswith("_size"):
        return between(f"{frame}.{name}_positive", frame, name, f"{name} in {frame} is at least 1", 1)
    return None
