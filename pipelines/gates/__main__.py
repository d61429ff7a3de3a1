"""`python -m pipelines.gates STAGE` judges one stage; `--docs` writes Great Expectations' own pages of all suites.

A closed gate says why, builds the report, and exits 10.
"""

import sys
from collections.abc import Sequence

from pipelines import context, outputs
from pipelines.context import Context
from pipelines.entry import guarded, set_environment, stage_main
from pipelines.errors import BadInput
from pipelines.files import remove_tree
from pipelines.outputs import STAGES
from pipelines.store import ROOT

USAGE = f"usage: python -m pipelines.gates {{{','.join(STAGES)}}} | --docs"


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the stage that the command line names. Returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--docs"]:
        set_environment(ROOT)
        return guarded("gates", lambda: docs(context.load()))
    if len(arguments) != 1 or arguments[0] not in STAGES:
        return guarded("gates", _usage)
    return stage_main(f"gate_{arguments[0]}", lambda ctx: gate(ctx, arguments[0]), [])


def _usage() -> None:
    raise BadInput(USAGE)


def gate(ctx: Context, stage: str) -> None:
    """Judge one stage. Raises GateClosed."""
    from pipelines.gates.judge import judge_and_write  # two seconds of imports that a usage error should not cost

    judge_and_write(ctx, stage)


def docs(ctx: Context) -> None:
    """Write .run/data_docs from every stage that has a manifest."""
    from pipelines.gates import expectations, judge

    batches = []
    for stage in STAGES:
        if outputs.manifest(ctx.store, stage) is not None:
            frames, checks = judge.evidence(ctx.store, ctx.params, judge.suite_of(stage))
            for name, frame in frames.items():
                own = [check for check in checks if check.frame == name]
                batches += [(f"{stage}.{name.replace('/', '.')}", frame, own)] if own else []
    if not batches:
        raise BadInput("no stage has a manifest yet: run `make repro` first")
    folder = ctx.run_dir / "data_docs"
    remove_tree(folder)
    expectations.data_docs(folder, batches)
    print(f"Data Docs: {(folder / 'index.html').relative_to(ctx.root)}")


if __name__ == "__main__":
    sys.exit(main())
