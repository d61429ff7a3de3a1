"""Stars: connected components by rounds over files, where edges are too many for the memory of one process.

The alternating large-star and small-star of Kiveris et al. (2014, algorithms 1 to 3): each round replaces the edges of
every node by edges to smaller nodes, and the rounds end when nothing changes, with each node beside the smallest of
its component. A round sees whole neighbourhoods, of one range of nodes at a time. Knows nodes as integers.
"""

from collections.abc import Iterable

import polars as pl

EDGES = {"node": pl.Int64, "other": pl.Int64}


def directed(candidates: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """dedup/candidates -> dedup/stars: each pair in both directions, distinct, sorted by node; no loops."""
    rows = [_both(part["content"], part["paired"]) for part in candidates]
    return pl.concat([pl.DataFrame(schema=EDGES), *rows]).unique().sort("node", "other")


def large_star(edges: pl.DataFrame) -> pl.DataFrame:
    """Each larger neighbour of a node goes to the smallest of the node and its neighbours."""
    least = pl.min_horizontal("node", pl.col("other").min().over("node"))
    rows = edges.with_columns(least=least).filter(pl.col("other") > pl.col("node"))
    return _both(rows["other"], rows["least"])


def small_star(edges: pl.DataFrame) -> pl.DataFrame:
    """A node and its smaller neighbours go to the smallest of these."""
    rows = edges.filter(pl.col("other") < pl.col("node")).with_columns(least=pl.col("other").min().over("node"))
    return (
        pl.concat([_both(rows["other"], rows["least"]), _both(rows["node"], rows["least"])])
        .unique()
        .sort("node", "other")
    )


def labels(edges: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The smallest node of each node's component, from the edges of the last round; the smallest itself has no row."""
    rows = [part.filter(pl.col("other") < pl.col("node")) for part in edges]
    found = pl.concat([pl.DataFrame(schema=EDGES), *rows]).unique()
    return found.select(content="node", component="other").sort("content")


def _both(one: pl.Series, other: pl.Series) -> pl.DataFrame:
    """Edges in both directions, without loops."""
    rows = pl.DataFrame({"node": one, "other": other}).filter(pl.col("node") != pl.col("other"))
    turned = rows.select(node="other", other="node")
    return pl.concat([rows, turned]).unique().sort("node", "other")
