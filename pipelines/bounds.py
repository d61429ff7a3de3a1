"""Measures of a document beside the bounds that params.yaml holds them against now. Decides nothing.

What is measured but not held has neither bound; a list of allowed values stands under `allowed`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stages.params import Params

Row = dict[str, Any]
Tables = Mapping[str, Mapping[str, Any]]  # stage -> table -> row


def of(stage: str, tables: Tables, params: Params) -> list[Row]:
    """What a stage measures of a document: [{"name", "value", "min", "max", "allowed"}]; undefined is null."""
    return list(_STAGES[stage](tables, params))


def _measure(name: str, value: Any, low: float | None = None, high: float | None = None, allowed: Any = None) -> Row:
    return {
        "name": name,
        "value": value,
        "min": low,
        "max": high,
        "allowed": None if allowed is None else list(allowed),
    }


def _row(tables: Tables, stage: str, table: str) -> Mapping[str, Any]:
    found = tables.get(stage, {}).get(table)
    return found if isinstance(found, dict) else {}


def _extract(tables: Tables, params: Params) -> Iterator[Row]:
    look, text, held = _row(tables, "extract", "look"), _row(tables, "extract", "documents"), params.extract
    if look:
        yield _measure("http_status", look["http_status"], allowed=held.keep_status)
        yield _measure("n_bytes", look["n_bytes"], None, held.max_page_bytes)
        yield _measure("n_words", look["n_words"], held.prefilter.min_words)
        yield _measure("language of the page", look["language"], allowed=held.prefilter.languages)
    if text:
        yield _measure("n_chars", text["n_chars"], held.min_text_chars, held.max_text_chars)
        yield _measure("n_tokens", text["n_tokens"])


def _quality(tables: Tables, params: Params) -> Iterator[Row]:
    held, text = params.quality, _row(tables, "extract", "documents")
    if text:
        yield _measure("language", text["language"], allowed=held.languages)
        yield _measure("language_score", text["language_score"], held.min_language_score)
    signals: Row = {}
    for name, row in tables["quality"].items():
        signals |= {k: v for k, v in row.items() if k != "doc_id"} if name.startswith("signals/") else {}
    first = [name for name in held.signals if name in signals]  # in the order in which they are held
    for name in (*first, *(name for name in signals if name not in held.signals)):
        bound = held.signals.get(name)
        yield _measure(name, signals[name], bound.min if bound else None, bound.max if bound else None)
    if score := _row(tables, "quality", "scores"):
        yield _measure("quality_score", score["quality_score"], held.min_quality_score)


def _dedup(tables: Tables, params: Params) -> Iterator[Row]:
    if found := _row(tables, "dedup", "clusters"):
        yield _measure("cluster_size", found["cluster_size"])
        yield _measure("similarity", found["similarity"], None, params.dedup.threshold)


def _toxicity(tables: Tables, params: Params) -> Iterator[Row]:
    if found := _row(tables, "toxicity", "scores"):
        held = params.toxicity
        yield _measure("toxicity_score", found["toxicity_score"], None, None if held.report_only else held.max_score)


def _mix(tables: Tables, params: Params) -> Iterator[Row]:
    if found := _row(tables, "mix", "sizes"):
        weights = params.mix.weights or {}
        yield _measure("n_tokens after all edits", found["n_tokens"])
        yield _measure("weight of its source", weights.get(found["source"]))


_STAGES = {"extract": _extract, "quality": _quality, "dedup": _dedup, "toxicity": _toxicity, "mix": _mix}
