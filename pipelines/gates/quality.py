"""What must be true of `quality`: every document of extract is measured and decided upon, and scores are scores."""

from pipelines.gates import common
from pipelines.gates.checks import Check, Suite, at_least, ranges
from stages import schemas
from stages.params import Params
from stages.quality import signals

SIGNALS = tuple(f"quality/signals/{family}" for family in signals.families())


def checks(params: Params) -> list[Check]:
    """The suite, in the order in which it is reported."""
    return [
        *common.tables(),
        *common.conservation(),
        *common.inherited("documents kept by extract"),
        *common.decisions(),
        *(
            check
            for table, family in zip(SIGNALS, signals.families())
            for check in ranges(table.partition("/")[2], signals.schema(family))
        ),
        *ranges("scores", schemas.QUALITY_SCORES),
        *ranges("edits", schemas.EDITS),
        at_least("edit_order", "edits", "end", "start", "an edit ends no earlier than it starts"),
        *common.bands("quality", params.gates.quality),
    ]


SUITE = Suite(
    "quality",
    checks,
    cut=(*SIGNALS, "quality/scores", "quality/edits", "quality/decisions"),
    rows=(*SIGNALS, "quality/scores", "quality/edits"),
)
