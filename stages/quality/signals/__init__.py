"""Signals: one number per document, a public function each; its name is the column and the key in params.yaml.

A family is a module of this package. A signal function takes nothing and returns the Polars expression that computes
it from the document's columns; its return annotation says the type: Int, Real or Flag.
"""

import inspect
import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Annotated, get_type_hints

import polars as pl
import pyarrow as pa

Int = Annotated[pl.Expr, pa.int64()]
Real = Annotated[pl.Expr, pa.float64()]
Flag = Annotated[pl.Expr, pa.bool_()]
Signal = Callable[[], pl.Expr]


@cache
def families() -> tuple[str, ...]:
    """Names of the signal families: the modules of this package."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def signals(family: str) -> dict[str, Signal]:
    """Column name -> function, of one family, in the order in which they are written."""
    module = import_module(f"{__name__}.{family}")
    found = [f for _, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__]
    public = [f for f in found if not f.__name__.startswith("_")]
    return {f.__name__: f for f in sorted(public, key=lambda f: f.__code__.co_firstlineno)}


@cache
def known_signals() -> dict[str, str]:
    """Every signal -> its family. Two families may not share a name."""
    pairs = [(name, family) for family in families() for name in signals(family)]
    known = dict(pairs)
    if len(known) != len(pairs):
        raise ValueError(f"a signal name stands in two families: {sorted(n for n, _ in pairs)}")
    return known


def schema(family: str) -> pa.Schema:
    """doc_id and one column per signal of the family."""
    fields = [
        (name, get_type_hints(f, include_extras=True)["return"].__metadata__[0]) for name, f in signals(family).items()
    ]
    return pa.schema([("doc_id", pa.string()), *fields])
