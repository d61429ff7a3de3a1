"""Census: integer counts taken while a shard is in memory. Censuses of shards add up to the census of all.

A count is (metric, key, count). Metrics of a decisions table, in documents and tokens: rows, tokens (keys in, kept,
rejected), reason, reason_tokens, failed (every rule that failed), alone (the only rule that failed), pair (two rules
that failed together), language, language_tokens and host (keys `<name>|in`, `<name>|kept`). Metrics of any table:
rows (key: the table), hist:<table>.<column> on the fixed edges below and, of these, edge:<table>.<column>: the values
that lie on the edge itself, so that both `less than` and `greater than` an edge are exact; kind (of edits), and
clusters (of duplicates, by the bin of their size). Hosts are exact for a hash sample of hosts.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

import polars as pl

Count = tuple[str, str, int]
HOST_SAMPLE = 4  # one host in this many, by hash
EDGES = tuple(
    sorted({round(i * 0.02, 2) for i in range(51)} | {round(10 ** (i / 20), 6) for i in range(1, 20 * 7 + 1)})
)


# Numbers that measure nothing of a document: places, hashes, and what a decision repeats of its measure.
_SEARCH = (  # of dedup's search
    *("chars", "content", "host_rank", "key", "lot", "node", "other"),
    *("pages", "paired", "score", "share", "size", "source_rank"),
)
NO_MEASURES = ("warc_offset", "start", "end", "copy", "value", "bound", "bits", "ngram", *_SEARCH)


def of_table(name: str, frame: pl.DataFrame) -> list[Count]:
    """Rows of a table, a histogram of each of its numeric columns (nulls under the key `null`), kinds and clusters."""
    counts: list[Count] = [("rows", name, frame.height)]
    for column, dtype in frame.schema.items():
        metric = f"hist:{name}.{column}"
        if dtype.is_numeric() and column not in NO_MEASURES:
            counts += [(metric, key, n) for key, n in histogram(frame[column])]
            counts += [(f"edge:{name}.{column}", key, n) for key, n in on_edges(frame[column])]
        elif dtype == pl.Boolean and column != "keep":
            counts += _counted(metric, (("null" if v is None else str(v).lower()) for v in frame[column]))
    if "replacement" in frame.columns:
        counts += _counted("kind", frame["kind"])
    if "cluster_id" in frame.columns:  # one table holds all members of a cluster
        sizes = frame.unique("cluster_id", keep="first", maintain_order=True)["cluster_size"]
        counts += [("clusters", key, n) for key, n in histogram(sizes)]
    return counts


def histogram(values: pl.Series) -> list[tuple[str, int]]:
    """Counts per bin [edge, next edge), keyed by the left edge; `below`, `null` and the last, open bin included."""
    edges = pl.Series(EDGES)
    present = values.drop_nulls().cast(pl.Float64)
    bins = edges.search_sorted(present, side="right").value_counts(sort=False)
    out = {int(b): int(n) for b, n in bins.iter_rows()} if present.len() else {}
    keyed = [("below" if b == 0 else label(EDGES[b - 1]), n) for b, n in sorted(out.items())]
    return [*keyed, ("null", values.null_count())] if values.null_count() else keyed


def on_edges(values: pl.Series) -> list[tuple[str, int]]:
    """How many values equal an edge, keyed by it; edges that no value equals are left out."""
    present = values.cast(pl.Float64)
    found = present.filter(present.is_in(pl.Series(EDGES).implode())).value_counts(sort=False, name="n_on_edge")
    return [(label(edge), int(n)) for edge, n in sorted(found.iter_rows())]


def label(edge: float) -> str:
    """An edge as the keys of a histogram name it."""
    return f"{edge:.6g}"


def of_decisions(decisions: pl.DataFrame, facts: pl.DataFrame) -> list[Count]:
    """Counts of a decisions table. `facts` gives n_tokens and, where it has them, language and host per doc_id."""
    known = [c for c in ("n_tokens", "language", "host") if c in facts.columns]
    once = facts.select("doc_id", *known).unique("doc_id", keep="first", maintain_order=True)
    rows = decisions.join(once, on="doc_id", how="left", maintain_order="left")
    if "n_tokens" not in known:
        rows = rows.with_columns(pl.lit(0, dtype=pl.Int64).alias("n_tokens"))
    again = pl.col("doc_id").is_duplicated() & ~pl.col("keep")  # a repeat of a record that is decided elsewhere
    rows = rows.with_columns(pl.when(again).then(0).otherwise(pl.col("n_tokens").fill_null(0)).alias("n_tokens"))
    counts = _totals(rows) + _reasons(rows)
    if "language" in known:
        counts += _share(rows, "language") + _share(rows, "language", tokens=True)
    if "host" in known:
        counts += _share(rows.filter(pl.col("host").is_in(_sampled(rows["host"]))), "host")
    return counts


def _totals(rows: pl.DataFrame) -> list[Count]:
    kept = rows.filter("keep")
    n, t = rows.height, int(rows["n_tokens"].sum())
    k, kt = kept.height, int(kept["n_tokens"].sum())
    return [
        *(("rows", "in", n), ("rows", "kept", k), ("rows", "rejected", n - k)),
        *(("tokens", "in", t), ("tokens", "kept", kt), ("tokens", "rejected", t - kt)),
    ]


def _reasons(rows: pl.DataFrame) -> list[Count]:
    tally: Counter[tuple[str, str]] = Counter()
    for reason, also, tokens in rows.filter(~pl.col("keep")).select("reason", "also", "n_tokens").iter_rows():
        failed = sorted({reason, *(also or [])})
        tally["reason", reason] += 1
        tally["reason_tokens", reason] += tokens
        if len(failed) == 1:
            tally["alone", reason] += 1
        for i, rule in enumerate(failed):
            tally["failed", rule] += 1
            for other in failed[i + 1 :]:
                tally["pair", f"{rule}|{other}"] += 1
    return [(metric, key, n) for (metric, key), n in sorted(tally.items())]


def _share(rows: pl.DataFrame, column: str, *, tokens: bool = False) -> list[Count]:
    weight = pl.col("n_tokens") if tokens else pl.col("n_tokens") * 0 + 1
    grouped = rows.group_by(pl.col(column).fill_null("und"), maintain_order=True)
    table = grouped.agg(weight.sum().alias("in"), weight.filter(pl.col("keep")).sum().alias("kept")).sort(column)
    metric = f"{column}_tokens" if tokens else column
    sides = [(name, side, n) for name, *ns in table.iter_rows() for side, n in zip(("in", "kept"), ns)]
    return [(metric, f"{name}|{side}", int(n)) for name, side, n in sides]


def _sampled(hosts: pl.Series) -> list[str]:
    names = [h for h in hosts.unique().to_list() if h is not None]
    return [h for h in names if hashlib.sha256(h.encode()).digest()[0] % HOST_SAMPLE == 0]


def _counted(metric: str, keys: Iterable[str]) -> list[Count]:
    return [(metric, key, n) for key, n in sorted(Counter(keys).items())]


def add(censuses: Iterable[Iterable[Count]]) -> list[Count]:
    """The sum of several censuses, sorted."""
    total: Counter[tuple[str, str]] = Counter()
    for census in censuses:
        for metric, key, n in census:
            total[metric, key] += n
    return [(metric, key, n) for (metric, key), n in sorted(total.items()) if n]


def pick(census: Iterable[Count], metric: str) -> dict[str, int]:
    """The counts of one metric by key."""
    return {key: n for m, key, n in census if m == metric}
