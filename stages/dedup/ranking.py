"""Ranking: who survives among copies. A total order over documents, so that no tie is left to chance.

Knows the columns that `keys` gives every document; nothing of similarity.
"""

from collections.abc import Sequence

import polars as pl

_ORDER = {  # policy -> column, and whether larger comes first
    "earliest": ("date", False),
    "longest": ("chars", True),
    "best_score": ("score", True),
    "source": ("source_rank", False),
    "host": ("host_rank", False),
}


def ranked(rows: pl.DataFrame, prefer: Sequence[str]) -> pl.DataFrame:
    """Rows in order of priority. What is not known comes last; the last tie-break is the id.

    Documents of an earlier release (`old`, where there is such a column) come before all others.
    """
    first = [("old", True)] if "old" in rows.columns else []
    by = [*first, *(_ORDER[name] for name in prefer), ("document", False)]
    return rows.sort([name for name, _ in by], descending=[down for _, down in by], nulls_last=True)
