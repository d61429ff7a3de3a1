"""Expectations that every suite shares: tables as declared, rows conserved, decisions with reasons, shares in bands."""

from pipelines.gates.checks import Check, absent, among, at_least, between, equal, matches, present, unique
from stages.decisions import DETAIL_MAX
from stages.params import Band, Gate


def tables() -> list[Check]:
    """Every file the manifest lists is there, as declared, for every shard of the parent."""
    return [
        absent(
            "schema",
            "files",
            "fault",
            "every file of the manifest exists and has the columns and types declared for its table",
        ),
        equal("rows_listed", "files", "rows", "rows_in_file", "every file has as many rows as the manifest lists"),
        absent("shards_complete", "coverage", "missing", "every table cut by input lists every shard of the parent"),
        absent("shards_known", "coverage", "surplus", "no table lists a shard that the parent does not have"),
        absent("up_to_date", "totals", "stale_parents", "the stage ran on what its parents hold now"),
    ]


def conservation() -> list[Check]:
    """Nothing vanishes: on every shard, in the sum, and in the ledger."""
    return [
        equal("rows_conserved", "shards", "rows_in", "rows_out", "rows in = kept + rejected, on every shard"),
        equal("tokens_conserved", "shards", "tokens_in", "tokens_out", "tokens in = kept + rejected, on every shard"),
        equal(
            "reasons_account",
            "shards",
            "rows_rejected",
            "rows_with_reason",
            "every rejected row is counted under one reason",
        ),
        equal(
            "decisions_counted",
            "shards",
            "rows_in",
            "decisions_listed",
            "the census counts as many rows as the manifest lists decisions",
        ),
        equal(
            "ledger_rows_in", "totals", "rows_in", "ledger_rows_in", "the ledger's rows in are the sum over all shards"
        ),
        equal(
            "ledger_rows_kept",
            "totals",
            "rows_kept",
            "ledger_rows_kept",
            "the ledger's kept rows are the sum over all shards",
        ),
        equal(
            "ledger_rows_rejected",
            "totals",
            "rows_rejected",
            "ledger_rows_rejected",
            "the ledger's rejected rows are the sum over all shards",
        ),
    ]


def inherited(giver: str) -> list[Check]:
    """The stage was given what its parent kept."""
    return [equal("rows_inherited", "shards", "rows_in", "rows_given", f"rows in = {giver}, on every shard")]


def decisions() -> list[Check]:
    """A decision per row, and a reason that can be followed for every rejection."""
    return [
        matches("doc_id_form", "decisions", "doc_id", r"\A[0-9a-f]{32}\Z", "a doc_id is 32 hex digits"),
        present("doc_id_present", "decisions", "doc_id", "every decision names its document"),
        unique(
            "doc_id_unique", "distinct", ("doc_id",), "no document is decided upon twice (repeats of a record aside)"
        ),
        present("keep_present", "decisions", "keep", "every decision is a keep or a reject"),
        absent("kept_without_reason", "kept", "reason", "a kept row has no reason"),
        present("rejected_with_reason", "rejected", "reason", "a rejected row has a reason"),
        matches(
            "reason_form",
            "rejected",
            "reason",
            r"\A[a-z0-9_]+\Z",
            "a reason is a name of lower-case letters, digits and _, never empty",
        ),
        between(
            "detail_short", "decisions", "detail_chars", f"detail has at most {DETAIL_MAX} characters", 0, DETAIL_MAX
        ),
        at_least(
            "below_is_below",
            "below",
            "bound",
            "value",
            "a reason ending in _below comes with a value that is not above its bound",
        ),
        at_least(
            "above_is_above",
            "above",
            "value",
            "bound",
            "a reason ending in _above comes with a value that is not below its bound",
        ),
    ]


def bands(stage: str, gate: Gate) -> list[Check]:
    """The bounds of params.gates.<stage>."""
    section = f"gates.{stage}"
    few = between("min_rows", "totals", "rows_kept", "enough rows are kept", gate.min_rows, param=f"{section}.min_rows")
    return [
        few,
        _band(
            "reject_rate",
            "reject_rate",
            gate.reject_rate,
            f"{section}.reject_rate",
            "the share of rows rejected lies in its band",
        ),
        *(
            _band(
                f"reject.{name}",
                f"reject {name}",
                band,
                f"{section}.reject.{name}",
                f"the share of rows rejected as {name} lies in its band",
            )
            for name, band in gate.reject.items()
        ),
        *(
            _band(
                f"languages.{name}",
                f"language {name}",
                band,
                f"{section}.languages.{name}",
                f"the share of kept rows in language {name} lies in its band",
            )
            for name, band in gate.languages.items()
        ),
    ]


def _band(key: str, column: str, band: Band, param: str, words: str) -> Check:
    return between(key, "totals", column, words, band.min, band.max, param)


def twins() -> list[Check]:
    """A duplicate is removed only in favour of a document that stays."""
    return [
        present("twin_named", "duplicates", "related_doc_id", "a removed duplicate names its kept twin"),
        at_least(
            "similarity_reaches_bound",
            "duplicates",
            "value",
            "bound",
            "a removed duplicate is at least as similar to its twin as the threshold asks",
        ),
        between(
            "similarity_in_unit_range",
            "duplicates",
            "value",
            "the similarity of a removed duplicate lies between 0 and 1",
            0,
            1,
        ),
        present("twin_decided", "twins", "related_keep", "the twin of a removed duplicate was decided upon"),
        among("twin_kept", "twins", "related_keep", (True,), "the twin of a removed duplicate is kept"),
    ]
