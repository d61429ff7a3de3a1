"""What must be true of `toxicity`: every document of dedup is decided upon, scores are scores, and edits are spans."""

from pipelines.gates import common
from pipelines.gates.checks import Check, Suite, at_least, ranges
from stages.params import Params
from stages.schemas import EDITS, TOXICITY_SCORES


def checks(params: Params) -> list[Check]:
    """The suite, in the order in which it is reported."""
    return [
        *common.tables(),
        *common.conservation(),
        *common.inherited("documents kept by dedup"),
        *common.decisions(),
        *ranges("scores", TOXICITY_SCORES),
        *ranges("edits", EDITS),
        at_least("edit_order", "edits", "end", "start", "an edit ends no earlier than it starts"),
        *common.bands("toxicity", params.gates.toxicity),
    ]


SUITE = Suite(
    "toxicity",
    checks,
    cut=("toxicity/scores", "toxicity/edits", "toxicity/decisions"),
    rows=("toxicity/scores", "toxicity/edits"),
)
