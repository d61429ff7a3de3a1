"""`python -m pipelines.query "SQL"`: questions to the tables in SQL (DuckDB's), under short names. The door to duckdb.

Answers one SELECT; nothing is written, no file outside the tables is read, no extension is loaded, nothing is fetched.
Page-made strings come out inert and with personal data masked; `text` is not among the columns unless `--text` is said.
`--views` lists what can be asked. Views are of the manifests' files, so a table that no manifest names is not seen.
"""

import argparse
import csv
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import count, islice
from typing import Any

import duckdb

from pipelines import STAGES, context, manifests
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.errors import BadInput
from pipelines.store import ROOT, Ref, Store
from pipelines.terminal import CELL, masked, safe, say

SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "memory_limit": "1GB"}
SHORT = {
    "extract/documents": "documents",
    "extract/records": "records",
    "extract/look": "look",
    "dedup/clusters": "clusters",
    "dedup/semantic": "semantic",
    "mix/documents": "mixture",
    "mix/synthetic": "synthetic",
    "mix/sizes": "sizes",
    "reports/dispositions": "dispositions",
}
# Views of several tables, joined by doc_id; a name that ends with / stands for all below.
JOINED = {"signals": ("quality/signals/",), "scores": ("quality/scores", "toxicity/scores")}
_END = "; \t\n"
EDITS = ("quality/edits", "dedup/edits", "toxicity/edits")
Tables = dict[str, list[Ref]]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the answer as a table, CSV or JSON lines. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.query", description="Ask the tables in SQL.")
    parser.add_argument("sql", nargs="?", help="one SELECT")
    parser.add_argument("--views", action="store_true", help="list views and their columns")
    parser.add_argument("--csv", action="store_true", help="all rows as CSV")
    parser.add_argument("--json", action="store_true", help="all rows as JSON lines")
    parser.add_argument("--text", action="store_true", help="give documents, synthetic and mixture their text column")
    parser.add_argument("--rows", type=int, default=50, help="how many rows the table shows (default 50)")
    args = parser.parse_args(argv)
    set_environment(ROOT)

    def work() -> None:
        if bool(args.sql) == args.views:
            raise BadInput('usage: python -m pipelines.query "SELECT …" | --views')
        if not 0 <= args.rows <= sys.maxsize:
            raise BadInput(f"--rows {args.rows}: a number from 0 on")
        ctx = context.load()
        for stage in (*STAGES, "reports"):
            if moved := manifests.stale(ctx.store, stage):
                print(f"STALE: {stage} was made from an earlier state of {', '.join(moved)}", file=sys.stderr)
        if args.views:
            say("\n".join(views(ctx, text=args.text)))
            return
        names, rows = ask(ctx, args.sql, text=args.text)
        show = _csv if args.csv else _json if args.json else lambda n, r: _table(n, r, args.rows)
        show(names, rows)

    return guarded("query", work, status=False)


def ask(ctx: Context, sql: str, *, text: bool = False) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Column names and rows, fetched as they are asked for; strings as they are. Raises BadInput, then or later."""
    try:
        statements = duckdb.extract_statements(sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise BadInput("one SELECT is answered, and nothing else is done")
        db = _connect(ctx, lambda name: re.search(rf"\b{name}\b", sql, re.IGNORECASE) is not None, text=text)
        # A SELECT may carry a COPY or an INSERT in its WITH clause; a view may not.
        db.execute(f"create temp view asked as {statements[0].query.rstrip(_END)}")
        found = db.execute(statements[0])
    except duckdb.Error as error:
        raise _refused(error) from error
    return [column[0] for column in found.description], _fetched(found)


def _fetched(found: Any) -> Iterator[tuple[Any, ...]]:
    while rows := _next(found):
        yield from rows


def _next(found: Any) -> list[tuple[Any, ...]]:
    try:
        rows: list[tuple[Any, ...]] = found.fetchmany(1000)
    except duckdb.Error as error:  # a row that cannot be computed is met when its turn comes
        raise _refused(error) from error
    return rows


def _refused(error: duckdb.Error) -> BadInput:
    return BadInput(safe(masked(str(error)), 600))


def views(ctx: Context, *, text: bool = False) -> Iterator[str]:
    """A line per view: its name and its columns with their types."""
    db = _connect(ctx, lambda name: True, text=text)
    names = db.execute("select view_name from duckdb_views() where not internal order by 1").fetchall()
    for (name,) in names:
        columns = db.execute(f'describe "{name}"').fetchall()
        yield f"{name}: " + ", ".join(f"{column} {kind.lower()}" for column, kind, *_ in columns)


def _connect(ctx: Context, wanted: Callable[[str], bool], *, text: bool) -> duckdb.DuckDBPyConnection:
    """A database in memory with the wanted views, then closed to everything but the tables' folders."""
    db = duckdb.connect(":memory:", config={**SETTINGS, "temp_directory": str(ctx.run_dir / "duckdb")})
    tables = _tables(ctx.store)
    for name, sql in _definitions(ctx.store, tables, text=text):
        if wanted(name):
            db.execute(f'create view "{name}" as {sql()}')
    db.execute(f"set allowed_directories = [{_quoted([str(ctx.store.data()), str(ctx.store.tables)])}]")
    db.execute("set enable_external_access = false")
    db.execute("set lock_configuration = true")
    return db


def _tables(store: Store) -> Tables:
    """Every table that a manifest names, with its shards."""
    out: Tables = {}
    for stage in (*STAGES, "reports"):
        for ref in manifests.every_ref(store, stage):
            out.setdefault(ref.table, []).append(ref)
    return out


def _definitions(store: Store, tables: Tables, *, text: bool) -> Iterator[tuple[str, Callable[[], str]]]:
    """(view, its SQL, made when it is needed: it names every file)."""
    for table in sorted(tables):
        name = SHORT.get(table, table.replace("/", "_"))
        yield name, lambda table=table: _scan(store, tables[table], text=text)  # type: ignore[misc]
    for name, parts in JOINED.items():
        made = [t for t in sorted(tables) for p in parts if t == p or (p.endswith("/") and t.startswith(p))]
        if made:
            yield name, lambda made=made: _join([_scan(store, tables[t]) for t in made])  # type: ignore[misc]
    edits = [t for t in EDITS if t in tables]
    if edits:
        yield "edits", lambda: _union({t.split("/")[0]: _scan(store, tables[t]) for t in edits})


def _scan(store: Store, refs: Sequence[Ref], *, text: bool = False) -> str:
    """A table's shards, without page text, with the name of the shard where there are several and no such column."""
    names = store.columns(refs[0])
    hidden = ["filename", *(["text"] if "text" in names and not text else [])]
    pattern = r"([^/]+)\.[0-9a-f]{32}\.parquet$" if store.named_by_digest else r"([^/]+)\.parquet$"
    shard = "" if "shard" in names else f", regexp_extract(filename, '{pattern}', 1) as shard"
    files = _quoted([str(store.path(ref)) for ref in refs])
    return f"select * exclude ({', '.join(hidden)}){shard} from read_parquet([{files}], filename = true)"


def _join(scans: Sequence[str]) -> str:
    later = "".join(f" full join ({one}) as t{i} using (doc_id, shard)" for i, one in enumerate(scans) if i)
    return f"select * from ({scans[0]}) as t0{later}"


def _union(scans: dict[str, str]) -> str:
    return " union all ".join(f"select '{stage}' as stage, * from ({one})" for stage, one in scans.items())


def _quoted(names: Sequence[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)


def _cell(value: Any) -> Any:
    """A value fit to leave: numbers as they are, strings masked, bytes in hexadecimal, lists and structs as JSON."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list | tuple):
        return masked(json.dumps(_plain(value), default=str, ensure_ascii=False))
    return masked(str(value))


def _plain(value: Any) -> Any:
    """What JSON can say: null for NaN and the infinities, which it has no word for; a map's keys as strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {_key(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _key(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _table(names: Sequence[str], rows: Iterator[tuple[Any, ...]], most: int) -> None:
    cells = [[_short(value) for value in row] for row in islice(rows, most)]
    widths = [max(len(str(name)), *(len(row[i]) for row in cells), 0) for i, name in enumerate(names)]
    for row in [[safe(name, CELL) for name in names], ["-" * width for width in widths], *cells]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    if next(rows, None) is not None:
        say(f"… only the first {most} rows: --rows, --csv and --json give more")


def _short(value: Any) -> str:
    found = _cell(value)
    return "–" if found is None else f"{found:g}" if isinstance(found, float) else safe(found, CELL)


def _csv(names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_inert(_cell(value)) for value in row] for row in rows)


def _inert(value: Any) -> Any:
    """For a spreadsheet: one line of printable characters, and no formula."""
    if not isinstance(value, str):
        return value
    line = safe(value, len(value) + 1)
    return "'" + line if line[:1] in ("=", "+", "-", "@") else line


def _json(names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    keys = _distinct(names)
    for row in rows:
        say(json.dumps({key: _plain(_cell(value)) for key, value in zip(keys, row)}, allow_nan=False))


def _distinct(names: Sequence[str]) -> list[str]:
    """Columns of one name told apart as DuckDB does in a view: a, a_1, a_2."""
    out: list[str] = []
    for name in names:
        numbered = (f"{name}_{i}" for i in count(1) if f"{name}_{i}" not in names)
        out.append(name if name not in out else next(one for one in numbered if one not in out))
    return out


if __name__ == "__main__":
    sys.exit(main())
