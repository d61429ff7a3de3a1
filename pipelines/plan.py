"""`python -m pipelines.plan`: what a run would do now, why, and what it will take, without doing it.

Where a job's input would be made anew, its own need is shown as `input <table>`: it may yet turn out unnecessary, when
the new input has the old content. `--full` plans for `input.sample: 1.0`, from rates measured at whatever share.
Writes `.run/plan.json`, by which the report compares plan and run.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module

from pipelines import STAGES, context, estimate, inputs, outputs, runner
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.estimate import Need
from pipelines.files import read_lines, write_json
from pipelines.stage import Todo
from pipelines.store import ROOT
from pipelines.terminal import safe, say

ENTRIES = (*STAGES, "dispositions")


def main(argv: Sequence[str] | None = None) -> int:
    """Print what is to do by stage, family and cause, and what it takes. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.plan", description="What a run would do, and why.")
    parser.add_argument("--full", action="store_true", help="as if input.sample were 1.0")
    parser.add_argument("--json", action="store_true", help="one object: the jobs, and the needs of each family")
    args = parser.parse_args(argv)
    set_environment(ROOT)

    def work() -> None:
        ctx = context.load()
        ctx = full(ctx) if args.full else ctx
        todo = plan(ctx)
        needs = estimated(ctx, todo)
        if not args.full:
            write_json(ctx.run_dir / "plan.json", {"families": {name: _brief(need) for name, need in needs.items()}})
        say(_as_json(todo, needs) if args.json else _shown(ctx, todo, needs))

    return guarded("plan", work, status=False)


def full(ctx: Context) -> Context:
    """The same run over all records."""
    whole = ctx.params.input.model_copy(update={"sample": 1.0})
    return replace(ctx, params=ctx.params.model_copy(update={"input": whole}), planned={})


def plan(ctx: Context) -> list[Todo]:
    """Every job without a valid receipt, in the order in which they would run, for the inputs as they are now."""
    inputs.resolve(ctx)
    todo: list[Todo] = []
    for stage in ENTRIES:
        todo += import_module(f"pipelines.{stage}").run(ctx, dry=True).todo
    return todo


def estimated(ctx: Context, todo: Sequence[Todo]) -> dict[str, Need]:
    """Needs by "stage/family", from the rates measured in this checkout."""
    rates = estimate.rates(read_lines(ctx.run_dir / "rates.jsonl"), ctx.params.input.sample)
    tally = Counter(f"{job.stage}/{job.family}" for job in todo)
    return estimate.needs(todo, rates, {name: runner.lanes(n, ctx) for name, n in tally.items()})


def _brief(need: Need) -> dict[str, float | int | None]:
    return {"shards": need.shards, "seconds": None if need.seconds is None else round(need.seconds, 2)}


def _as_json(todo: Sequence[Todo], needs: Mapping[str, Need]) -> str:
    jobs = [{"stage": t.stage, "family": t.family, "shard": t.shard, "why": t.why} for t in todo]
    return json.dumps({"jobs": jobs, "families": {name: vars(need) for name, need in needs.items()}})


def _shown(ctx: Context, todo: Sequence[Todo], needs: Mapping[str, Need]) -> str:
    tally = Counter((t.stage, t.family, t.why) for t in todo)
    lines = [f"{n:>7} shards  {stage:<9} {family:<20} {safe(why)}" for (stage, family, why), n in tally.items()]
    closed = [s for s in STAGES if outputs.manifest(ctx.store, s) is not None and not outputs.is_open(ctx.store, s)]
    lines += [f"the gate of {stage} is not open for its manifest: it will be judged first" for stage in closed]
    return "\n".join([*lines, *_takes(needs)]) or "nothing to do"


def _takes(needs: Mapping[str, Need]) -> list[str]:
    """The needs by family, then their sum, with what is not known said."""
    if not needs:
        return []
    lines = ["", f"{'family':<30}{'shards':>8}{'input':>10}{'time':>10}{'written':>10}{'memory':>10}"]
    for name, need in needs.items():
        written = sum(need.writes.values()) if need.seconds is not None else None
        memory = "unknown" if need.peak_mb is None else f"{need.peak_mb} MB"
        lines.append(
            f"{name:<30}{need.shards:>8}{_size(need.input_bytes):>10}{_time(need.seconds):>10}{_size(written):>10}{memory:>10}"
        )
    known = [need for need in needs.values() if need.seconds is not None]
    unknown = len(needs) - len(known)
    written = sum(sum(need.writes.values()) for need in known)
    peak = max((need.peak_mb or 0 for need in known), default=0)
    rest = f", and {unknown} families that never ran here: unknown" if unknown else ""
    total = _time(sum(need.seconds or 0.0 for need in known))
    return [*lines, f"in all {total}, {_size(written)} of tables, at most {peak} MB per worker{rest}"]


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    return (
        f"{seconds:.1f} s"
        if seconds < 120
        else f"{seconds / 60:.1f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


def _size(n_bytes: float | None) -> str:
    if n_bytes is None:
        return "unknown"
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes < 1e9 else f"{n_bytes / 1e9:.1f} GB"


if __name__ == "__main__":
    sys.exit(main())
