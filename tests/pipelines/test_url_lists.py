import gzip
import hashlib

import polars as pl
import pytest

from pipelines import url_lists
from pipelines.errors import BadInput
from pipelines.files import read_lines
from pipelines.stat import StatCache
from pipelines.url_lists import Source
from stages.extract.blocking import found


@pytest.fixture
def stat(tmp_path):
    return StatCache(tmp_path / "stat.sqlite")


def made(tmp_path, *sources):
    path, read = url_lists.compiled(tmp_path / "out", sources)
    return url_lists.opened(path), read


def of(tmp_path, name, use, text):
    path = tmp_path / name
    path.write_text(text)
    return Source(name, use, (path,), hashlib.sha256(text.encode()).hexdigest())


def test_one_file_holds_the_lists_of_every_use_and_says_whose_an_entry_is(tmp_path):
    first = of(tmp_path, "a", "block", "x.example\ny.example\n# note\n\nno entry\n")
    second = of(tmp_path, "b", "block", "y.example\nz.example\n")
    third = of(tmp_path, "c", "allow", "z.example/free\n")
    lists, read = made(tmp_path, first, second, third)
    urls = [f"http://{h}.example/free" for h in "xyzw"]
    assert found(urls, lists["block"]) == [("a", "host"), ("a", "host"), ("b", "host"), None]
    assert found(urls, lists["allow"]) == [None, None, ("c", "path"), None]
    assert "only" not in lists
    assert read == {"a": (2, 1), "b": (2, 0), "c": (1, 0)}


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_a_byte_order_mark_is_no_part_of_the_first_entry(tmp_path, name):
    raw = "x.example\ny.example\n".encode("utf-8-sig")
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    lists, read = made(tmp_path, Source(name, "block", (tmp_path / name,), "1"))
    assert found(["http://x.example/"], lists["block"]) == [(name, "host")]
    assert read == {name: (2, 0)}


def test_the_file_is_made_once_and_anew_when_a_list_changes(tmp_path):
    one = of(tmp_path, "a", "block", "x.example\n")
    path, _ = url_lists.compiled(tmp_path / "out", [one])
    before = path.stat().st_mtime_ns
    assert url_lists.compiled(tmp_path / "out", [one])[0] == path
    assert path.stat().st_mtime_ns == before
    assert url_lists.compiled(tmp_path / "out", [of(tmp_path, "a", "block", "w.example\n")])[0] != path
    assert url_lists.compiled(tmp_path / "out", [of(tmp_path, "a", "only", "x.example\n")])[0] != path


def test_a_folder_is_read_as_ut1_has_it_and_named_by_what_sha256sum_says(tmp_path, stat):
    for name, text in (("adult/domains", "x.example\n"), ("adult/urls", "y.example/a\n"), ("adult/usage", "black\n")):
        (tmp_path / "ut1" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ut1" / name).write_text(text)
    (tmp_path / "ut1" / "games").mkdir()
    (tmp_path / "ut1" / "games" / "domains.gz").write_bytes(gzip.compress(b"z.example\n"))
    one = url_lists.source("ut1", "block", tmp_path / "ut1", stat)
    lists, read = made(tmp_path, one)
    urls = ["http://x.example/", "http://y.example/a", "http://z.example/", "http://black/"]
    assert found(urls, lists["block"]) == [("ut1", "host"), ("ut1", "path"), ("ut1", "host"), None]
    assert read == {"ut1": (3, 0)}
    names = ["adult/domains", "adult/urls", "games/domains.gz"]
    told = "".join(f"{hashlib.sha256((tmp_path / 'ut1' / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    assert one.sha256 == hashlib.sha256(told.encode()).hexdigest()


def test_what_is_no_list_is_refused(tmp_path, stat):
    with pytest.raises(BadInput, match="no file, and no folder"):
        url_lists.source("x", "block", tmp_path / "missing", stat)
    with pytest.raises(BadInput, match="page: 2 lines are neither host, path nor url, and only 0 are one"):
        url_lists.compiled(tmp_path, [of(tmp_path, "page", "block", "<p>a b\n<p>c d\n")])
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(b"x.example\n" * 100)[:-12])
    with pytest.raises(BadInput, match=r"broken: .*broken\.gz cannot be read"):
        url_lists.compiled(tmp_path, [Source("broken", "block", (broken,), "1")])


HOST = "tidemuseum.example"


def listed(one, **more):
    path = one.root / "list.txt.gz"
    path.write_bytes(gzip.compress(f"# museums\n{HOST}\n".encode(), mtime=0))
    one.raw["input"]["url_lists"] = {"museums": {"path": "list.txt.gz", **more}}
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_page_on_a_list_leaves_at_extract_and_other_shards_stay_as_they_were(fresh):
    before = fresh.table("extract/decisions").filter(pl.col("url").str.contains(HOST))
    assert before["keep"].any()
    listed(fresh)
    done = fresh.run(upto="extract")
    assert done["extract", "blocked"] == 3
    assert 1 <= done["extract", "documents"] < 3
    rows = fresh.table("extract/decisions").filter(pl.col("url").str.contains(HOST))
    assert set(rows.select("reason", "detail").rows()) == {("blocked_url", "museums: host")}
    row = read_lines(fresh.root / "data/inputs/url_lists.jsonl")[0]
    assert (row["name"], row["use"], row["entries"], row["skipped"]) == ("museums", "block", 1, 0)
    assert fresh.ledger("extract")["reasons"]["blocked_url"]["documents"] == rows.height
    assert fresh.run(upto="extract") == {}
    del fresh.raw["input"]["url_lists"]
    fresh.run(upto="extract")
    after = fresh.table("extract/decisions").filter(pl.col("url").str.contains(HOST))
    assert after.equals(before)


def test_where_only_a_list_is_wanted_all_others_leave(fresh):
    listed(fresh, use="only")
    fresh.raw["gates"]["extract"] = {}
    fresh.run(upto="extract")
    rows = fresh.table("extract/decisions").filter(pl.col("record_type") == "response")
    away = rows.filter(reason="unlisted_url")
    assert away.height > 50
    assert not away["url"].str.contains(HOST).any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "0" * 64}, r"input\.url_lists\.museums\.sha256: list\.txt\.gz has sha256"),
        ({"path": "no/such"}, r"input\.url_lists\.museums\.path: .*no/such is no file"),
        ({"path": "https://example.org/list"}, r"input\.url_lists\.museums\.sha256: is needed"),
        ({"path": "ftp://example.org/list"}, r"input\.url_lists\.museums\.path: 'ftp://example\.org/list': ftp is not"),
        ({"path": "params.yaml"}, r"input\.url_lists\.museums\.path: .*params\.yaml is no file"),
    ],
)
def test_a_list_that_cannot_be_used_names_its_key(empty, change, said):
    listed(empty, **change)
    with pytest.raises(BadInput, match=said):
        empty.run(upto="extract")


def test_the_right_digest_passes(empty):
    digest = listed(empty)
    listed(empty, sha256=digest)
    from pipelines import inputs

    inputs.resolve(empty.context())
    assert read_lines(empty.root / "data/inputs/url_lists.jsonl")[0]["sha256"] == digest


def test_a_list_of_another_machine_is_brought_and_must_have_its_digest(empty):
    from pipelines import inputs
    from tests.pipelines.servers import Server

    with Server() as server:
        server.files.content["/lists/adult.txt"] = b"x.example\ny.example/a\n"
        digest = hashlib.sha256(server.files.content["/lists/adult.txt"]).hexdigest()
        place = {"path": f"{server.url}/lists/adult.txt", "sha256": digest}
        empty.raw["input"]["url_lists"] = {"adult": place}
        inputs.resolve(empty.context())
        assert read_lines(empty.root / "data/inputs/url_lists.jsonl")[0]["entries"] == 2
        place["sha256"] = "1" * 64
        with pytest.raises(BadInput, match=r"input\.url_lists\.adult\.sha256"):
            inputs.resolve(empty.context())
        place["path"] = f"{server.url}/lists/missing"
        with pytest.raises(BadInput, match=r"input\.url_lists\.adult\.path"):
            inputs.resolve(empty.context())
