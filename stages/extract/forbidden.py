"""Records that must not become documents whatever they hold: repeats of another shard's record, and takedowns.

Decided from the records tables of all shards, before a page is parsed. Holds every doc_id in memory (about 100 bytes
each), which is what bounds it; repeats within a shard are the shard's own affair.
"""

from collections.abc import Mapping

import polars as pl

from stages import schemas
from stages.strict import Strict
from stages.takedowns import taken

FORBIDDEN = schemas.FORBIDDEN


class Takedowns(Strict):
    """urls, hosts or doc_ids that must not appear."""

    takedowns: tuple[str, ...]


def forbid(
    tables: Mapping[str, Mapping[str, pl.DataFrame]], params: Takedowns, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Return the extract/forbidden table: per shard the doc_ids to reject as `repeated_record` or `takedown`.

    A repeat keeps the first by (shard, offset). What a takedown covers stands in stages.takedowns.
    """
    seen: set[str] = set()
    rows: list[tuple[str, str, str, str | None]] = []
    for shard in sorted(tables["extract/records"]):
        records = tables["extract/records"][shard].drop_nulls("doc_id")
        ids = records["doc_id"].unique(maintain_order=True).to_list()
        rows += [(shard, doc_id, "repeated_record", doc_id) for doc_id in ids if doc_id in seen]
        gone = records.filter(taken(records, params.takedowns))["doc_id"].unique(maintain_order=True).to_list()
        rows += [(shard, doc_id, "takedown", None) for doc_id in gone if doc_id not in seen]
        seen.update(ids)
    return {"extract/forbidden": pl.DataFrame(rows, schema=FORBIDDEN.names, orient="row", schema_overrides=_STRINGS)}


_STRINGS = dict.fromkeys(FORBIDDEN.names, pl.String)
