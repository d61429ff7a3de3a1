"""`python -m pipelines.plan`: what a run would do now, and why, without doing it.

Where a job's input would be made anew, its own need is shown as `input <table>`: it may yet turn out unnecessary, when
the new input has the old content.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from importlib import import_module

from pipelines import context, inputs, outputs
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.files import read_lines
from pipelines.outputs import STAGES
from pipelines.stage import Todo
from pipelines.store import ROOT


def main(argv: Sequence[str] | None = None) -> int:
    """Print one line per stage, family and cause; `--json` prints rows instead."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    set_environment(ROOT)

    def work() -> None:
        ctx = context.load()
        todo = plan(ctx)
        print(json.dumps([vars(t) for t in todo]) if "--json" in arguments else _shown(ctx, todo))

    return guarded("plan", work)


def plan(ctx: Context) -> list[Todo]:
    """Every job without a valid receipt, in the order in which they would run."""
    if not read_lines(ctx.store.data("inputs", "warcs.jsonl")):
        inputs.resolve(ctx)
    todo: list[Todo] = []
    for stage in STAGES:
        todo += import_module(f"pipelines.{stage}").run(ctx, dry=True).todo
    return todo


def _shown(ctx: Context, todo: list[Todo]) -> str:
    tally = Counter((t.stage, t.family, t.why) for t in todo)
    lines = [f"{n:>7} shards  {stage:<9} {family:<20} {why}" for (stage, family, why), n in tally.items()]
    closed = [s for s in STAGES if outputs.manifest(ctx.store, s) is not None and not outputs.is_open(ctx.store, s)]
    lines += [f"the gate of {stage} is not open for its manifest: it will be judged first" for stage in closed]
    return "\n".join(lines) or "nothing to do"


if __name__ == "__main__":
    sys.exit(main())
