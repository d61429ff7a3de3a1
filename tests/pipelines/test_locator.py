"""The index: complete, current or silent, and made anew where it is lost."""

import sqlite3
from contextlib import closing

import pytest

from pipelines import locator, lookup, manifests
from pipelines.files import write_text


@pytest.fixture
def place(fresh):
    ctx = fresh.context()
    locator.path_of(ctx.run_dir).unlink(missing_ok=True)
    return ctx.store, ctx.run_dir


def every_name(store) -> dict[str, set[tuple[str, str, int]]]:
    """name -> where it stands, by reading everything."""
    out: dict[str, set[tuple[str, str, int]]] = {}
    for table, columns in locator.NAMED.items():
        for ref in manifests.refs_of(store, table):
            for row, names in enumerate(lookup.values(store, ref, columns)):
                for name in filter(None, names):
                    out.setdefault(name, set()).add((table, ref.shard, row))
    return out


def stored(run_dir) -> list:
    with closing(sqlite3.connect(locator.path_of(run_dir))) as db:
        return db.execute("select * from place order by 1, 2, 3").fetchall()


def test_every_url_and_doc_id_is_found_where_it_stands(place) -> None:
    locator.refresh(*place)
    names = every_name(place[0])
    assert len(names) > 100
    assert any(len(found) > 1 for found in names.values()), "the sample has a repeated record"
    for name, found in names.items():
        assert locator.find(*place, name) == sorted(found)
    assert locator.find(*place, "https://nowhere.example/") == []


def test_missing_old_or_broken_it_answers_nothing(place) -> None:
    store, run_dir = place
    assert locator.find(*place, "x") is None
    locator.refresh(*place)
    manifest = store.data("extract", "manifest.jsonl")
    before = manifest.read_text()
    write_text(manifest, before + "\n")
    assert locator.find(*place, "x") is None
    write_text(manifest, before)
    assert locator.is_current(*place)
    locator.path_of(run_dir).write_bytes(b"no database, but long enough to be looked at" * 100)
    assert locator.find(*place, "x") is None
    assert locator.refresh(*place) > 0
    assert locator.is_current(*place)


def test_only_what_changed_is_read_again(place) -> None:
    store, _ = place
    every = locator.refresh(*place)
    assert locator.refresh(*place) == 0
    manifest = store.data("extract", "manifest.jsonl")
    kept = [line for line in manifest.read_text().splitlines() if '"sample-00001"' not in line]
    gone = every_name(store)
    write_text(manifest, "\n".join(kept) + "\n")
    assert locator.refresh(*place) == 0, "a shard that left is forgotten, none is read"
    left = every_name(store)
    assert 0 < len(left) < len(gone)
    for name in gone:
        assert set(locator.find(*place, name)) == left.get(name, set())
    assert len(stored(place[1])) == sum(map(len, left.values())), "what left takes no room"
    assert every == len(manifests.refs_of(store, "extract/decisions")) + 1 + 1


def test_an_interrupted_build_goes_on_and_answers_nothing_before(place, monkeypatch) -> None:
    plain, done = locator._add, []

    def killed(db, store, ref) -> None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(ref)
        plain(db, store, ref)

    monkeypatch.setattr(locator, "_add", killed)
    with pytest.raises(KeyboardInterrupt):
        locator.refresh(*place)
    assert locator.find(*place, "x") is None
    monkeypatch.setattr(locator, "_add", plain)
    assert locator.refresh(*place) == len(every_shard(place[0])) - 2
    names = every_name(place[0])
    assert all(set(locator.find(*place, name)) == found for name, found in names.items())


def every_shard(store) -> list:
    return [ref for table in locator.NAMED for ref in manifests.refs_of(store, table)]


def test_lots_do_not_change_what_is_stored(place, monkeypatch) -> None:
    locator.refresh(*place)
    whole = stored(place[1])
    locator.path_of(place[1]).unlink()
    monkeypatch.setattr(locator, "LOT", 3)
    locator.refresh(*place)
    assert stored(place[1]) == whole
