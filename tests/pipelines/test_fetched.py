"""Copies of remote files, from servers that break off, lie, change and refuse."""

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines import fetched, remote
from pipelines.errors import BadInput, Infrastructure, Interrupted
from pipelines.fetched import Copies, each, held, opened, shown
from pipelines.files import read_json
from stages.params import Fetch
from tests.pipelines.servers import Server

DATA = random.Random(3).randbytes(3_000_000)
SHA = hashlib.sha256(DATA).hexdigest()
HOW = {"attempts": 3, "wait_seconds": 0.0, "timeout_seconds": 5}


@pytest.fixture
def server():
    with Server() as one:
        one.files.content["/a/x.warc.gz"] = DATA
        yield one


@pytest.fixture
def copies(tmp_path):
    return Copies(tmp_path / "remote", Fetch(**HOW))


def test_a_file_is_brought_once_and_then_only_asked_after(server, copies):
    url = f"{server.url}/a/x.warc.gz?signature=1"
    copy = copies.bring(url)
    assert (copy.path.name, copy.size, copy.sha256) == ("x.warc.gz", len(DATA), SHA)
    assert copy.path.read_bytes() == DATA
    asked = len(server.files.asked)
    assert copies.bring(url) == copy
    assert server.files.asked[asked:] == [("GET", "/a/x.warc.gz", "bytes=0-0")]


@pytest.mark.parametrize("cut", [300_000, 1_000_000, 2_999_999])
def test_a_broken_transfer_goes_on_where_it_broke(server, copies, cut):
    server.files.cut = cut
    assert copies.bring(f"{server.url}/a/x.warc.gz").sha256 == SHA
    starts = [int(asked.split("=")[1].rstrip("-")) for _, _, asked in server.files.asked if asked and asked[-1] == "-"]
    assert starts == sorted(set(starts))
    assert len(starts) == (len(DATA) - 1) // cut


def test_a_part_left_by_an_earlier_process_is_gone_on_with(server, copies):
    url = f"{server.url}/a/x.warc.gz"
    server.files.cut = 1_000_000
    with pytest.raises(Interrupted):
        stop_after(copies, url, 2_000_000)
    server.files.cut = None
    server.files.asked.clear()
    assert copies.bring(url).sha256 == SHA
    assert [asked for _, _, asked in server.files.asked] == ["bytes=0-0", "bytes=2000000-"]


def stop_after(copies, url, size):
    """Bring a file, interrupted when so many bytes are there."""
    pieces = remote.pieces

    def stopping(*arguments):
        for at, piece in pieces(*arguments):
            if at >= size:
                raise Interrupted("test")
            yield at, piece

    patch = pytest.MonkeyPatch()
    patch.setattr(remote, "pieces", stopping)
    try:
        copies.bring(url)
    finally:
        patch.undo()


def test_a_part_of_another_file_is_not_gone_on_with(server, copies):
    url = f"{server.url}/a/x.warc.gz"
    server.files.cut = 1_000_000
    with pytest.raises(Interrupted):
        stop_after(copies, url, 2_000_000)
    server.files.cut = None
    other = DATA[::-1]
    server.files.content["/a/x.warc.gz"] = other
    assert copies.bring(url).sha256 == hashlib.sha256(other).hexdigest()


@pytest.mark.parametrize("cut", [1_000_000, 2_000_000])
def test_a_server_without_ranges_begins_anew(server, copies, cut):
    server.files.ranges = False
    server.files.cut = cut
    with pytest.raises(Infrastructure, match=f"{cut} bytes were read, 3 tries in a row brought no more"):
        copies.bring(f"{server.url}/a/x.warc.gz")
    server.files.cut = None
    assert copies.bring(f"{server.url}/a/x.warc.gz").sha256 == SHA


@pytest.mark.parametrize("status", [503, 429, 500])
def test_a_server_that_is_busy_is_asked_again_and_not_for_ever(server, copies, status):
    server.files.statuses = [status] * 2
    assert copies.bring(f"{server.url}/a/x.warc.gz").sha256 == SHA
    server.files.statuses = [status] * 3
    with pytest.raises(Infrastructure, match=f"the server answers {status}; 0 bytes were read, 3 tries"):
        copies.bring(f"{server.url}/a/y.warc.gz")


def test_waiting_doubles_and_a_server_may_ask_for_more(server, tmp_path, monkeypatch):
    waited = []
    copies = Copies(tmp_path, Fetch(**HOW | {"wait_seconds": 0.25, "attempts": 5}))
    monkeypatch.setattr(Copies, "_wait", lambda self, seconds: waited.append(seconds) if seconds else None)
    server.files.statuses = [503] * 4
    copies.bring(f"{server.url}/a/x.warc.gz")
    assert waited == [0.25, 0.5, 1.0, 2.0]
    server.files.content["/a/y.warc.gz"] = DATA
    server.files.statuses, server.files.headers, waited[:] = [503], {"Retry-After": "7"}, []
    copies.bring(f"{server.url}/a/y.warc.gz")
    assert waited == [7.0]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_will_never_come_is_refused_at_once(server, copies, status):
    server.files.statuses = [status]
    with pytest.raises(BadInput, match=rf"^http://127.0.0.1:\d+/a/x.warc.gz: the server answers {status}$"):
        copies.bring(f"{server.url}/a/x.warc.gz?secret=1")
    assert len(server.files.asked) == 1


def test_a_server_that_cannot_be_reached(copies, server):
    server.server.server_close()
    with pytest.raises(Infrastructure, match="NewConnectionError"):
        copies.bring(f"{server.url}/a/x.warc.gz")


def test_a_server_that_announces_more_than_it_gives(server, copies):
    server.files.excess = 10
    assert copies.bring(f"{server.url}/a/x.warc.gz").sha256 == SHA, "the range it states is right"
    server.files.ranges = False
    server.files.content["/a/y.warc.gz"] = DATA
    with pytest.raises(Infrastructure, match=r"y\.warc\.gz: \w+; 3000000 bytes were read, 3 tries in a row"):
        copies.bring(f"{server.url}/a/y.warc.gz")
    assert not list(copies.folder.rglob("y.warc.gz"))


def test_a_file_that_changes_while_it_is_read_is_read_anew(server, copies):
    server.files.cut = 1_000_000
    server.files.later["/a/x.warc.gz"] = DATA[::-1]
    assert copies.bring(f"{server.url}/a/x.warc.gz").sha256 == hashlib.sha256(DATA[::-1]).hexdigest()


def test_a_file_that_never_holds_still_is_refused(server, copies, monkeypatch):
    turns = iter(range(1000))
    monkeypatch.setattr(server.files, "of", lambda path: DATA + b"%d" % next(turns))
    with pytest.raises(BadInput, match="changed while it was read, 3 times"):
        copies.bring(f"{server.url}/a/x.warc.gz")


def test_a_file_that_changed_since_is_another(server, copies):
    url = f"{server.url}/a/x.warc.gz"
    copies.bring(url)
    server.files.content["/a/x.warc.gz"] = b"new"
    assert copies.bring(url).sha256 == hashlib.sha256(b"new").hexdigest()


def test_without_a_tag_nothing_is_known_about_the_next_time(server, copies):
    server.files.tags = False
    url = f"{server.url}/a/x.warc.gz"
    copies.bring(url)
    server.files.content["/a/x.warc.gz"] = DATA[::-1]
    assert copies.bring(url).sha256 == hashlib.sha256(DATA[::-1]).hexdigest()


def test_redirects_are_followed(server, copies):
    server.files.redirects["/latest/z.warc.gz"] = "/a/x.warc.gz"
    copy = copies.bring(f"{server.url}/latest/z.warc.gz")
    assert (copy.path.name, copy.sha256) == ("z.warc.gz", SHA)


def test_a_dropped_copy_is_brought_again_when_it_is_opened(server, copies):
    copy = copies.bring(f"{server.url}/a/x.warc.gz")
    copy.path.unlink()
    assert copies.bring(f"{server.url}/a/x.warc.gz") == copy, "known by its note, nothing read"
    assert not copy.path.exists()
    with opened(copy.path, SHA[:32]) as file:
        assert file.read() == DATA


def test_a_copy_that_was_tampered_with_is_brought_again(server, copies):
    copy = copies.bring(f"{server.url}/a/x.warc.gz")
    copy.path.write_bytes(b"tampered")
    assert held(copy.path, SHA).read_bytes() == DATA


def test_a_copy_that_is_no_longer_what_inputs_found(server, copies):
    copy = copies.bring(f"{server.url}/a/x.warc.gz")
    copy.path.unlink()
    server.files.content["/a/x.warc.gz"] = b"new"
    with pytest.raises(BadInput, match="is no longer the file that data/inputs names: run again"):
        opened(copy.path, SHA[:32])


def test_ordinary_files_are_opened_as_they_are(tmp_path):
    (tmp_path / "x.warc").write_bytes(b"x")
    assert opened(tmp_path / "x.warc", "0" * 32).read() == b"x"
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "y.warc", "0" * 32)


@pytest.mark.parametrize("used", ["b", "c"])
def test_the_disk_is_bounded_and_the_longest_unused_copy_leaves_first(server, tmp_path, used):
    copies = Copies(tmp_path / "remote", Fetch(**HOW, cache_gb=0.007))
    for name in "bcd":
        server.files.content[f"/{name}.warc.gz"] = DATA
    old = {name: copies.bring(f"{server.url}/{name}.warc.gz").path for name in "bc"}
    for path in old.values():
        os.utime(path, ns=(time.time_ns() - 10**10, path.stat().st_mtime_ns))
    held(old[used])
    assert copies.bring(f"{server.url}/d.warc.gz").path.exists()
    assert {name: path.exists() for name, path in old.items()} == {name: name == used for name in "bc"}


def test_a_file_larger_than_the_cache_is_refused(server, tmp_path):
    small = Copies(tmp_path / "small", Fetch(**HOW, cache_gb=0.001))
    with pytest.raises(BadInput, match=r"has 3000000 bytes, more than run\.fetch\.cache_gb allows"):
        small.bring(f"{server.url}/a/x.warc.gz")


def test_many_are_brought_at_once_and_all_faults_come_back(server, copies):
    urls = [f"{server.url}/{n}.warc" for n in range(6)] + [f"{server.url}/missing.warc"]
    server.files.content |= {f"/{n}.warc": b"%d" % n for n in range(6)}
    heard = []
    found = each(copies, urls, lambda count, copy: heard.append(copy.path.name))
    assert sorted(heard) == [f"{n}.warc" for n in range(6)]
    assert [found[url].sha256 for url in urls[:6]] == [hashlib.sha256(b"%d" % n).hexdigest() for n in range(6)]
    assert isinstance(found[urls[6]], BadInput)


def test_two_that_want_one_file_read_it_once(server, copies):
    url = f"{server.url}/a/x.warc.gz"
    threads = [threading.Thread(target=copies.bring, args=(url,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [asked for _, _, asked in server.files.asked].count(None) == 1


def test_a_killed_process_leaves_a_part_and_no_copy(server, copies):
    server.files.cut = 1_000_000
    url = f"{server.url}/a/x.warc.gz"
    code = (
        "import sys, os, pathlib; from pipelines import fetched, remote; from stages.params import Fetch\n"
        "real = remote.pieces\n"
        "def pieces(url, start, found, how):\n"
        "    for at, piece in real(url, start, found, how):\n"
        "        yield at, piece\n"
        "        if at > 1500000: os.kill(os.getpid(), 9)\n"
        "remote.pieces = pieces\n"
        "fetched.Copies(pathlib.Path(sys.argv[1]), Fetch(wait_seconds=0)).bring(sys.argv[2])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(copies.folder), url], cwd=Path(fetched.__file__).parents[1])
    assert done.returncode == -9
    [place] = [p for p in copies.folder.iterdir() if p.is_dir()]
    assert not (place / "x.warc.gz").exists()
    assert read_json(place / fetched.NOTE) is None
    server.files.cut = None
    server.files.asked.clear()
    assert copies.bring(url).sha256 == SHA
    assert server.files.asked[-1][2] not in (None, "bytes=0-"), "gone on with behind the part that was left"


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://127.0.0.1/a/..", "http://127.0.0.1/a/note.json"])
def test_an_address_without_a_file_name_is_refused(copies, url):
    with pytest.raises(BadInput, match="does not end in the name of a file"):
        copies.bring(url)


def test_what_may_be_secret_in_an_address_is_not_shown():
    assert shown("https://user:word@h.example:8/a/b.gz?sig=secret#x") == "https://h.example:8/a/b.gz"
