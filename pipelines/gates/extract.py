"""What must be true of `extract`: every record header is accounted for, every kept page is a document."""

from pipelines.gates import common
from pipelines.gates.checks import Check, Suite, equal, present, ranges, unique
from stages.params import Params
from stages.schemas import DOCUMENTS, LOOK, PROVENANCE


def checks(params: Params) -> list[Check]:
    """The suite, in the order in which it is reported."""
    return [
        *common.tables(),
        *common.conservation(),
        present(
            "account_present",
            "shards",
            "n_headers",
            "the archive's record headers were counted on their own, on every shard",
        ),
        equal(
            "headers_accounted",
            "shards",
            "n_headers",
            "headers_accounted",
            "record headers counted in the bytes = decisions - damaged regions + headers inside these "
            "+ records of other types + headers embedded in payloads, on every shard",
        ),
        equal(
            "account_rows",
            "shards",
            "rows_in",
            "n_rows",
            "the account and the decisions count the same rows, on every shard",
        ),
        equal(
            "documents_written",
            "shards",
            "rows_kept",
            "documents_listed",
            "a document is written for every kept row, on every shard",
        ),
        *common.decisions(),
        unique("document_unique", "documents", ("doc_id",), "no document is written twice"),
        *ranges("documents", DOCUMENTS),
        *ranges("look", LOOK),
        *ranges("provenance", PROVENANCE),
        *common.bands("extract", params.gates.extract),
    ]


SUITE = Suite(
    "extract",
    checks,
    cut=("extract/records", "extract/look", "extract/provenance", "extract/documents", "extract/decisions"),
    rows=("extract/documents", "extract/look", "extract/provenance"),
)
