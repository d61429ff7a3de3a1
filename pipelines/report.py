"""Stage `report`: the page that analysts read, from whatever exists."""

import sys

from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.reports.build import build


def run(ctx: Context) -> None:
    """Build data/reports/index.html."""
    build(ctx.store, ctx.params)


def main() -> int:
    """Run the stage."""
    return stage_main("report", run)


if __name__ == "__main__":
    sys.exit(main())
