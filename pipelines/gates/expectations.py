"""The only door to Great Expectations: checks and a frame in, plain findings out.

Importing it costs about two seconds, so only the gates' own process does. A suite is validated at once per frame. A
check that could not run (a missing column, an engine's error) is told apart from one that failed.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import polars as pl
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from pipelines.gates.checks import Check
from pipelines.gates.evidence import Frame

SHOWN = 5  # offending rows that a finding names
FORMAT = {"result_format": "BASIC", "partial_unexpected_count": SHOWN}
HELD, FAILED, COULD_NOT_RUN = "held", "failed", "could not run"


@dataclass(frozen=True)
class Finding:
    """What came of one check. `observed`: the one row of a frame without names, rows at fault, or a row count."""

    check: Check
    outcome: str
    observed: Any
    unexpected_count: int | None
    kwargs: dict[str, Any]


def validate(name: str, frame: Frame, checks: Sequence[Check]) -> list[Finding]:
    """Hold all checks of one frame against it, in the order given. Frames are handed over Arrow-backed."""
    if not checks:
        return []
    data = frame.data.to_pandas(use_pyarrow_extension_array=True)
    results = _frames().get_batch({"dataframe": data}).validate(_suite(name, checks), result_format=FORMAT).results
    by_key = {r.expectation_config.meta["key"]: r.to_json_dict() for r in results}
    return [_finding(check, by_key[check.key], frame) for check in checks]


def _suite(name: str, checks: Sequence[Check]) -> Any:
    suite = gx.ExpectationSuite(name)
    for check in checks:
        suite.add_expectation(_expectation(check))
    return suite


def _expectation(check: Check) -> Any:
    severity = FailureSeverity.WARNING if check.warns else FailureSeverity.CRITICAL
    config = ExpectationConfiguration(
        type=check.type, kwargs=dict(check.kwargs), meta={"key": check.key, "words": check.words}, severity=severity
    )
    return config.to_domain_obj()


@cache
def _context() -> Any:
    """A context that keeps nothing, shows no progress bars and reports to nobody."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


@cache
def _frames() -> Any:
    """One definition for all frames: the context writes itself out whenever it is told of another."""
    source = _context().data_sources.add_pandas("frames")
    return source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("all")


def _finding(check: Check, raw: dict[str, Any], frame: Frame) -> Finding:
    kwargs = {k: v for k, v in sorted(raw["expectation_config"]["kwargs"].items()) if k != "batch_id"}
    error = _error(raw["exception_info"])
    if error is not None:
        return Finding(check, COULD_NOT_RUN, error, None, kwargs)
    outcome = HELD if raw["success"] else FAILED
    count = int(raw["result"]["unexpected_count"])
    return Finding(check, outcome, _observed(check, raw["result"], frame), count, kwargs)


def _error(info: dict[str, Any]) -> str | None:
    """The first line of what an engine raised, without its traceback. Engines key it by metric, or not at all."""
    for one in (info, *(v for v in info.values() if isinstance(v, dict))):
        if one.get("raised_exception"):
            return str(one.get("exception_message") or "unknown error").splitlines()[0][:200]
    return None


def _observed(check: Check, result: dict[str, Any], frame: Frame) -> Any:
    if not frame.names:
        return {name: _shown(frame.data[name][0]) for name in check.columns}
    if not result["unexpected_count"]:
        return f"{frame.data.height} rows, none at fault"
    return _offenders(check, result["partial_unexpected_list"], frame)


def _offenders(check: Check, values: list[Any], frame: Frame) -> list[dict[str, Any]]:
    """The first rows that hold one of the offending values, by their names.

    Asked of our own frame, since the engine's index of a million failing rows takes minutes.
    """
    columns = list(check.columns)
    found = []
    for value in values:
        parts = list(value.values()) if isinstance(value, dict) else value if len(columns) > 1 else [value]
        found.append(pl.all_horizontal(_holds(frame.data, c, p) for c, p in zip(columns, parts)))
    rows = frame.data.filter(pl.any_horizontal(found)).head(SHOWN)
    shown = list(dict.fromkeys((*frame.names, *columns)))
    return [{name: _shown(v) for name, v in row.items()} for row in rows.select(shown).to_dicts()]


def _holds(data: pl.DataFrame, column: str, value: Any) -> pl.Expr:
    """Whether a row holds a value; a NaN comes back from the engine as null."""
    same = pl.col(column).eq_missing(pl.lit(value))
    return same | pl.col(column).is_nan().fill_null(False) if value is None and data[column].dtype.is_float() else same


def _shown(value: Any) -> Any:
    """A value as JSON can hold it."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def data_docs(folder: Path, results: Sequence[tuple[str, Frame, Sequence[Check]]]) -> None:
    """Write Great Expectations' own pages of these suites into a folder. They load styles from the network."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("frames")
    context.add_data_docs_site("local", _site(folder))
    for name, frame, checks in results:
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
        suite = context.suites.add(_suite(name, checks))
        definition = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
        definition.run(
            batch_parameters={"dataframe": frame.data.to_pandas(use_pyarrow_extension_array=True)}, result_format=FORMAT
        )
    context.build_data_docs(["local"])


def _site(folder: Path) -> Any:
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }
