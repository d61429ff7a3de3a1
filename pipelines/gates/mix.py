"""What must be true of `mix`: every document is accounted for, and the collapse checks let it pass."""

from pipelines.gates import common
from pipelines.gates.checks import Check, Suite, absent, among, between, equal, present, ranges, unique
from stages.params import Params
from stages.schemas import MIXTURE, SYNTHETIC

VERDICTS = ("PASS", "WARN", "REFUSE", "ABSTAIN")


def checks(params: Params) -> list[Check]:
    """The suite, in the order in which it is reported."""
    return [
        *common.tables(),
        *common.conservation(),
        *common.inherited("documents kept by toxicity + synthetic rows"),
        *common.decisions(),
        equal(
            "documents_released",
            "totals",
            "rows_kept",
            "first_copies",
            "every kept row is in the mixture, as its first copy",
        ),
        unique("copy_unique", "documents", ("doc_id", "copy"), "no copy of a document is released twice"),
        among(
            "origin_known",
            "documents",
            "origin",
            ("crawl", "synthetic"),
            "a released document says whether it is real or synthetic",
        ),
        present("origin_present", "documents", "origin", "a released document has an origin"),
        *ranges("documents", MIXTURE),
        *ranges("synthetic", SYNTHETIC),
        *collapse(params.gates.mix.low_power_tokens),
        *common.bands("mix", params.gates.mix),
    ]


def collapse(low_power_tokens: int) -> list[Check]:
    """REFUSE and ABSTAIN close the gate, but an ABSTAIN for want of power alone only above `low_power_tokens`."""
    return [
        present("collapse_judged", "collapse", "verdict", "data/mix/collapse.json holds a verdict"),
        among(
            "collapse_verdict_known",
            "collapse",
            "verdict",
            VERDICTS,
            "the collapse verdict is one of " + ", ".join(VERDICTS),
        ),
        absent(
            "collapse_not_refused",
            "collapse",
            "refused",
            "the collapse checks do not refuse the mixture",
            param="mix.collapse",
        ),
        absent(
            "collapse_not_abstained",
            "collapse",
            "abstained",
            "the collapse checks do not abstain for another reason than low power",
            param="mix.collapse",
        ),
        between(
            "collapse_low_power",
            "collapse",
            "undecided_tokens",
            "where the checks lack power, there are few synthetic tokens",
            0,
            low_power_tokens,
            "gates.mix.low_power_tokens",
        ),
        between(
            "collapse_not_skipped",
            "collapse",
            "unchecked_rows",
            "no synthetic row is released where the checks found none",
            0,
            0,
        ),
        absent("collapse_unconcerned", "collapse", "warned", "the collapse checks have nothing to warn of", warns=True),
    ]


SUITE = Suite(
    "mix",
    checks,
    cut=("mix/sizes", "mix/decisions"),
    rows=("mix/documents", "mix/synthetic"),
)
