"""What must be true of `dedup`: nobody is removed without a verified twin that stays."""

from pipelines.gates import common
from pipelines.gates.checks import Check, Suite, between, ranges, unique
from stages.params import Params
from stages.schemas import CLUSTERS, SIGNATURES


def checks(params: Params) -> list[Check]:
    """The suite, in the order in which it is reported."""
    return [
        *common.tables(),
        *common.conservation(),
        *common.inherited("documents kept by quality"),
        *common.decisions(),
        *common.twins(),
        unique("cluster_member_unique", "clusters", ("doc_id",), "a document is in one cluster at most"),
        *ranges("clusters", CLUSTERS),
        *ranges("signatures", SIGNATURES),
        between(
            "source_loss",
            "losses",
            "near_share",
            "no source or host of 50 documents and more loses most of them as near duplicates",
            high=params.gates.dedup.max_source_loss,
            param="gates.dedup.max_source_loss",
        ),
        *common.bands("dedup", params.gates.dedup),
    ]


SUITE = Suite(
    "dedup",
    checks,
    cut=("dedup/signatures", "dedup/edits", "dedup/decisions"),
    rows=("dedup/clusters", "dedup/signatures"),
)
