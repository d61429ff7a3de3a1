"""A gate: a suite held against the evidence, a verdict, and the two files that say it.

`data/gates/<stage>.json` is always written; `data/gates/<stage>.open` only where the gate is open, and removed
otherwise. No clock, no absolute path: equal evidence and bounds give equal bytes.
"""

import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pipelines import outputs
from pipelines.context import Context
from pipelines.errors import GateClosed
from pipelines.files import write_json
from pipelines.gates.checks import Check, Suite
from pipelines.gates.evidence import Frame, gather
from pipelines.gates.expectations import COULD_NOT_RUN, HELD, Finding, validate
from pipelines.store import Store
from stages.params import Params


def suite_of(stage: str) -> Suite:
    """The suite of one stage. Only its own module is loaded, so that a change in one suite is no change in another."""
    found: Suite = import_module(f"pipelines.gates.{stage}").SUITE
    return found


@dataclass(frozen=True)
class Verdict:
    """What a gate says of one manifest. `rows`: frame -> rows looked at and rows there are."""

    stage: str
    manifest: str
    rows: dict[str, dict[str, int | None]]
    findings: tuple[Finding, ...]

    @property
    def open(self) -> bool:
        """Whether every expectation that can close the gate held."""
        return not list(self.closing())

    def closing(self) -> Iterator[Finding]:
        """The findings that close the gate: failed, or could not run. A warning closes only where it could not run."""
        for finding in self.findings:
            if finding.outcome != HELD and (finding.outcome == COULD_NOT_RUN or not finding.check.warns):
                yield finding

    def warnings(self) -> list[Finding]:
        """The findings that people should read although the gate opens."""
        closing = list(self.closing())
        return [f for f in self.findings if f.outcome != HELD and f not in closing]


def judge(store: Store, params: Params, stage: str) -> Verdict:
    """Hold the stage's suite against what lies there. Raises GateClosed where the stage has no manifest."""
    manifest = outputs.manifest(store, stage)
    if manifest is None:
        raise GateClosed(f"data/{stage}/manifest.jsonl is missing: run `dvc repro {stage}` first")
    frames, checks = evidence(store, params, suite_of(stage))
    found = {f.check.key: f for name in frames for f in validate(name, frames[name], _of(checks, name))}
    looked = {name: {"rows_checked": f.checked, "rows_total": f.total} for name, f in frames.items()}
    return Verdict(stage, manifest.digest, looked, tuple(found[check.key] for check in checks))


def evidence(store: Store, params: Params, suite: Suite) -> tuple[dict[str, Frame], list[Check]]:
    """A suite's frames, and its checks in the order in which they are reported."""
    checks = suite.checks(params)
    bands = [c for check in checks if check.frame == "totals" for c in check.columns if " " in c]
    manifest = outputs.manifest(store, suite.stage)
    return (gather(store, suite, manifest, bands) if manifest else {}), checks


def _of(checks: list[Check], frame: str) -> list[Check]:
    return [check for check in checks if check.frame == frame]


def judge_and_write(ctx: Context, stage: str) -> None:
    """Judge, write the verdict, and stop the run where it is closed, after building the report. Raises GateClosed."""
    ctx.store.remove(outputs.gate_path(ctx.store, stage, "open"))  # whatever happens now, the old verdict is void
    verdict = judge(ctx.store, ctx.params, stage)
    settle(ctx.store, verdict)
    for finding in verdict.warnings():
        print(f"gate {stage}: WARN, not met: {finding.check.words}; observed {seen(finding)}")
    if not verdict.open:
        _report(ctx)
        raise GateClosed(explained(verdict))
    print(f"gate {stage}: open, {len(verdict.findings)} expectations")


def _report(ctx: Context) -> None:
    """Build the report from what exists. Its failure is told and never hides the verdict."""
    try:  # by name, so that a changed report is no reason to judge anew
        import_module("pipelines.reports.build").build(ctx.store, ctx.params)
    except Exception:  # noqa: BLE001 - whatever ails the report, the verdict stands
        traceback.print_exc()
        print("the report could not be built; the verdict stands", file=sys.stderr)


def settle(store: Store, verdict: Verdict) -> None:
    """Write the verdict, and the open file where it is open."""
    write_json(outputs.gate_path(store, verdict.stage, "json"), plain(verdict))
    path = outputs.gate_path(store, verdict.stage, "open")
    if verdict.open:
        write_json(path, {"manifest": verdict.manifest})
    else:
        store.remove(path)


def plain(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON, from an allow-list of fields."""
    return {
        "stage": verdict.stage,
        "open": verdict.open,
        "manifest": verdict.manifest,
        "warnings": [f.check.key for f in verdict.warnings()],
        "rows": verdict.rows,
        "expectations": [_plain(finding) for finding in verdict.findings],
    }


def _plain(finding: Finding) -> dict[str, Any]:
    check = finding.check
    return {
        "key": check.key,
        "words": check.words,
        "outcome": finding.outcome,
        "success": finding.outcome == HELD,
        "severity": "warning" if check.warns else "critical",
        "frame": check.frame,
        "type": check.type,
        "columns": list(check.columns),
        "kwargs": finding.kwargs,
        "bound": bound(check),
        "observed": finding.observed,
        "unexpected_count": finding.unexpected_count,
        "param": check.param,
    }


def bound(check: Check) -> str:
    """What the columns are held against, in words."""
    kind, kwargs = check.type, check.kwargs
    if kind.endswith("_to_be_between"):
        low, high = kwargs.get("min_value"), kwargs.get("max_value")
        return f"at least {low}" if high is None else f"at most {high}" if low is None else f"{low} to {high}"
    if kind.endswith("_to_be_in_set"):
        return "one of " + ", ".join(map(str, kwargs["value_set"]))
    if kind.endswith("_to_match_regex"):
        return f"matches {kwargs['regex']}"
    named = {"to_be_equal": "equal", "greater_than_b": "first >= second", "not_be_null": "a value", "be_null": "null"}
    return next((words for ending, words in named.items() if kind.endswith(ending)), "unique")


def explained(verdict: Verdict) -> str:
    """What people read when a gate closes: per expectation what was seen, what was asked, and what moves it."""
    lines = [f"gate {verdict.stage} is closed:"]
    for finding in verdict.closing():
        check = finding.check
        lines += [
            f"  {check.key} {finding.outcome}: {check.words}",
            f"    observed {seen(finding)}; bound {bound(check)}",
            f"    {moved_by(check)}",
        ]
    return "\n".join([*lines, f"  all expectations: data/gates/{verdict.stage}.json and data/reports/index.html"])


def moved_by(check: Check) -> str:
    """Where to change the bound, or that there is none."""
    if check.param:
        return f"to move the bound: {check.param} in params.yaml"
    return "no bound moves this: the data is wrong, or the stage is"


def seen(finding: Finding) -> str:
    """What was observed, on one line."""
    if isinstance(finding.observed, dict):
        return ", ".join(f"{name} = {value}" for name, value in finding.observed.items())
    if isinstance(finding.observed, list):
        shown = "; ".join(", ".join(f"{k} = {v}" for k, v in row.items()) for row in finding.observed)
        return f"{finding.unexpected_count} rows at fault, the first: {shown}"
    return str(finding.observed)
