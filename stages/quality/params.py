"""The params section `quality`, and the names of the signals that it may bound."""

import ast
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from stages.strict import Strict

LineRule = Literal["javascript", "policy", "lorem", "no_terminal_mark", "short"]


class Bounds(Strict):
    """Keep a document while minimum <= signal <= maximum; a null bound is not held."""

    min: float | None = None
    max: float | None = None


class QualityParams(Strict):
    """Which languages are kept, and the bounds on signals, held in the order in which they are written."""

    languages: tuple[str, ...]
    min_language_score: float = Field(ge=0, le=1)
    signals: dict[str, Bounds]
    line_rules: tuple[LineRule, ...] = ()  # lines to remove, see stages/quality/lines.py
    min_quality_score: float | None = Field(ge=0, le=1)  # null: the score is reported only


class Family(Strict):
    """Which family of signals is measured: a module of stages.quality.signals."""

    name: str


class Scores(Strict):
    """What the quality score depends on beside document and model: nothing."""


class Edits(Strict):
    """The part of `quality` that its edits depend on."""

    line_rules: tuple[LineRule, ...] = ()


@cache
def signal_names() -> tuple[str, ...]:
    """Every signal, read from the families' source: importing them costs a second that a check of names need not."""
    sources = [s for s in files("stages.quality").joinpath("signals").iterdir() if s.name.endswith(".py")]
    public = sorted((s for s in sources if not s.name.startswith("_")), key=lambda s: s.name)
    return tuple(name for source in public for name in _public_functions(source.read_text("utf-8")))


def _public_functions(source: str) -> list[str]:
    defined = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return [name for name in defined if not name.startswith("_")]
