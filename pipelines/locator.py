"""The locator: where a url or doc_id stands, in `.run/locator.sqlite`, so that nobody has to scan for it.

An entry is a 64-bit hash of a url or doc_id, with the shard and the number of its row: a hit is a candidate, to be
compared with the row itself. Losing the file costs time, never truth. It is brought up to date shard by shard, each in
one transaction and in bounded memory; whoever is interrupted goes on where it stopped.
"""

import hashlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pipelines.files import file_digest
from pipelines.manifests import refs_of
from pipelines.store import Ref, Store

NAMED = {"extract/decisions": ("doc_id", "url"), "mix/synthetic": ("doc_id",)}  # tables and their names for rows
LOT = 100_000  # entries that are sorted in memory before they are inserted
_TABLES = """
create table if not exists manifest (stage text primary key, digest text);
create table if not exists shard (id integer primary key, tab text, name text, digest text, unique (tab, name));
create table if not exists place (key int, shard int, row int, primary key (key, shard, row)) without rowid;
"""


def path_of(run_dir: Path) -> Path:
    """Where the index lies."""
    return run_dir / "locator.sqlite"


def key(name: str) -> int:
    """The hash of a url or doc_id, as SQLite takes it: signed."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def refresh(store: Store, run_dir: Path) -> int:
    """Index the shards that are new or changed, forget those that left. Returns how many shards were read."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with closing(_open(path_of(run_dir))) as db:
        if _current(db) == _manifests(store):
            return 0
        now = {(ref.table, ref.shard): ref for table in NAMED for ref in refs_of(store, table)}
        known = {(table, name): digest for table, name, digest in db.execute("select tab, name, digest from shard")}
        _forget(db, [one for one in known if one not in now or now[one].digest != known[one]])
        new = [ref for one, ref in now.items() if known.get(one) != ref.digest]
        for ref in new:
            _add(db, store, ref)
        with db:
            db.execute("delete from manifest")
            db.executemany("insert into manifest values (?, ?)", _manifests(store).items())
        return len(new)


def _open(path: Path) -> sqlite3.Connection:
    """The index; what is no database is removed, since it can be made anew."""
    for _ in range(2):
        db = sqlite3.connect(path, timeout=30)
        try:
            db.execute("pragma synchronous=off")
            db.execute("pragma cache_size=-65536")  # KiB: bounds the memory of a build
            db.executescript(_TABLES)
            return db
        except sqlite3.DatabaseError:
            db.close()
            path.unlink(missing_ok=True)
    raise OSError(f"{path}: cannot be made into an index")


def _manifests(store: Store) -> dict[str, str]:
    """Stage -> digest of its manifest's bytes, of the stages that have one."""
    paths = {table.split("/")[0]: store.data(table.split("/")[0], "manifest.jsonl") for table in NAMED}
    return {stage: file_digest(path) for stage, path in paths.items() if path.is_file()}


def _current(db: sqlite3.Connection) -> dict[str, str]:
    return dict(db.execute("select stage, digest from manifest"))


def _forget(db: sqlite3.Connection, gone: list[tuple[str, str]]) -> None:
    """One pass over all places, however many shards left."""
    with db:
        db.execute("create temp table gone (id integer primary key)")
        db.executemany("insert into gone select id from shard where tab = ? and name = ?", gone)
        if gone:
            db.execute("delete from manifest")  # until all is done, the index is of no manifest
            db.execute("delete from place where shard in (select id from gone)")
            db.execute("delete from shard where id in (select id from gone)")
        db.execute("drop table gone")


def _add(db: sqlite3.Connection, store: Store, ref: Ref) -> None:
    with db:
        values = (ref.table, ref.shard, ref.digest)
        number = db.execute("insert into shard (tab, name, digest) values (?, ?, ?)", values).lastrowid
        lot: list[tuple[int, int | None, int]] = []
        for row, name in _names(store, ref):
            lot.append((key(name), number, row))
            if len(lot) >= LOT:
                _insert(db, lot)
        _insert(db, lot)


def _names(store: Store, ref: Ref) -> Iterator[tuple[int, str]]:
    from pipelines.lookup import values  # Arrow: half of what asking costs, and asking does not need it here

    for row, names in enumerate(values(store, ref, NAMED[ref.table])):
        yield from ((row, name) for name in names if name is not None)


def _insert(db: sqlite3.Connection, lot: list[tuple[int, int | None, int]]) -> None:
    """Sorted, so that pages of the tree are met one after another."""
    db.executemany("insert or ignore into place values (?, ?, ?)", sorted(lot))
    lot.clear()


def is_current(store: Store, run_dir: Path) -> bool:
    """Whether the index is there, and of the manifests that lie there now."""
    return find(store, run_dir, "") is not None


def find(store: Store, run_dir: Path, name: str) -> list[tuple[str, str, int]] | None:
    """(table, shard, row) of every candidate, sorted; None where the index is missing or older than the manifests."""
    path = path_of(run_dir)
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as db:
            if _current(db) != _manifests(store):
                return None
            question = "select tab, name, row from place join shard on id = shard where key = ? order by 1, 2, 3"
            return [(str(t), str(n), int(r)) for t, n, r in db.execute(question, (key(name),))]
    except sqlite3.DatabaseError:
        return None


def main() -> int:
    """Bring the index up to date."""
    from pipelines import context
    from pipelines.entry import guarded, set_environment
    from pipelines.store import ROOT

    set_environment(ROOT)

    def work() -> None:
        ctx = context.load()
        print(f"{refresh(ctx.store, ctx.run_dir)} shards indexed")

    return guarded("locator", work, status=False)


if __name__ == "__main__":
    sys.exit(main())
