"""Components of dedup's candidates, by rounds of restartable tasks over files, where one process could not hold them.

Below IN_MEMORY rows of candidates there is no round: the task `lots` finds the components itself, with equal results.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipelines.ranges import Between, cut
from pipelines.stage import Stage
from pipelines.work import Family, Read, Shards
from stages import schemas
from stages.dedup import stars

IN_MEMORY = 15_000_000  # rows of dedup/candidates, 10^7 documents and more: some 400 MB in the task `lots`
MOST = 60  # rounds; log2 of the nodes is expected, so that more are a fault
TABLE = "dedup/stars"


def start(tables: Mapping[str, Any], params: tuple[None, str], models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Body of the first round: the edges of one part of candidates."""
    return {TABLE: stars.directed([tables["dedup/candidates"][params[1]]])}


def turn(
    tables: Mapping[str, Any], params: tuple[None, list[int]], models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Body of a round: the nodes of range `part` of `parts`, with all edges that the round before left them."""
    number, part, parts = params[1]
    own = Between(tables[TABLE], "node", *cut(part, parts))
    before = [own[name] for name in own if name.startswith(_name(number - 1, ""))]
    edges = pl.concat([pl.DataFrame(schema=stars.EDGES), *before]).unique().sort("node", "other")
    return {TABLE: stars.large_star(edges) if number % 2 else stars.small_star(edges)}


def of_round(tables: Shards, number: int) -> Iterator[pl.DataFrame]:
    """The edges that a round left, part by part."""
    return (tables[name] for name in tables if name.startswith(_name(number, "")))


def settle(stage: Stage) -> int:
    """Run rounds until two of a kind leave the same; returns the number of the last, 0 where none is needed.

    Raises RuntimeError where that takes more than MOST rounds.
    """
    known = stage.refs.get("dedup/candidates", {})
    stage.tables.add(TABLE)
    stage.refs.setdefault(TABLE, {})
    if sum(ref.rows for ref in known.values()) < IN_MEMORY:
        return 0
    first = {_name(0, part): part for part in sorted(known)}
    stage.each(_first(), first, extra=first)
    for number in range(1, MOST + 1):
        names = {_name(number, part): [number, k, len(known)] for k, part in enumerate(sorted(known))}
        stage.each(_round(), names, extra=names)
        if stage.failed or (stage.dry and stage.todo):
            return number
        if number > 3 and number % 2 == 0 and _left(stage, number) == _left(stage, number - 2):
            return number
    raise RuntimeError(f"dedup: components did not settle within {MOST} rounds")


def _name(number: int, part: str) -> str:
    return f"round-{number:02d}-{part}"


def _left(stage: Stage, number: int) -> list[str]:
    return [ref.digest for name, ref in sorted(stage.refs[TABLE].items()) if name.startswith(_name(number, ""))]


def _first() -> Family:
    reads = (Read("dedup/candidates", whole=True),)
    return Family("stars_first", start, reads, {TABLE: schemas.DEDUP_STARS}, code=("stages.dedup.stars",))


def _round() -> Family:
    reads = (Read(TABLE, whole=True),)
    return Family("stars", turn, reads, {TABLE: schemas.DEDUP_STARS}, code=("stages.dedup.stars",))
