"""Which archives of a crawl are meant."""

import gzip

import pytest

from pipelines.common_crawl import chosen, list_of
from pipelines.errors import BadInput
from stages.params import CommonCrawl

PATHS = [f"crawl-data/CC-MAIN-2025-30/segments/1/warc/CC-MAIN-{n:05d}.warc.gz" for n in range(1, 21)]


def listed(tmp_path, files, lines=PATHS):
    path = tmp_path / "warc.paths.gz"
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return chosen(CommonCrawl(crawl="CC-MAIN-2025-30", files=files, base="https://mirror.example/cc"), path)


@pytest.mark.parametrize(
    ("files", "expected"), [(1, PATHS[:1]), (20, PATHS), ("1-1", PATHS[:1]), ("5-7", PATHS[4:7]), ("20-20", PATHS[19:])]
)
def test_numbers_and_ranges_in_the_order_of_the_list(tmp_path, files, expected):
    assert listed(tmp_path, files) == [f"https://mirror.example/cc/{path}" for path in expected]


@pytest.mark.parametrize("files", [21, "20-21", "30-40"])
def test_more_than_the_crawl_has(tmp_path, files):
    with pytest.raises(BadInput, match=r"but the crawl CC-MAIN-2025-30 has 20"):
        listed(tmp_path, files)


@pytest.mark.parametrize("line", ["../../etc/passwd", "https://elsewhere.example/x.warc.gz", "a\tb"])
def test_a_line_that_is_no_path_is_refused(tmp_path, line):
    with pytest.raises(BadInput, match="a line that is no path"):
        listed(tmp_path, 1, [line])


def test_a_list_that_cannot_be_read(tmp_path):
    path = tmp_path / "warc.paths.gz"
    for raw in (b"<html>", gzip.compress(b"x" * 1000)[:20], gzip.compress(b"\xff\n")):
        path.write_bytes(raw)
        with pytest.raises(BadInput, match="its list of archives cannot be read"):
            chosen(CommonCrawl(crawl="CC-MAIN-2025-30", files=1), path)


def test_where_the_list_lies():
    crawl = CommonCrawl(crawl="CC-MAIN-2025-30", files=1)
    assert list_of(crawl) == "https://data.commoncrawl.org/crawl-data/CC-MAIN-2025-30/warc.paths.gz"
    news = CommonCrawl(crawl="CC-NEWS/2025/07", files=1, base="s3://commoncrawl")
    assert list_of(news) == "s3://commoncrawl/crawl-data/CC-NEWS/2025/07/warc.paths.gz"


@pytest.mark.parametrize("files", [0, -1, "0-3", "7-5", "a-b", "5", "1-2-3", 1.5, ""])
def test_what_is_no_number_and_no_range(files):
    with pytest.raises(ValueError, match="files"):
        CommonCrawl(crawl="CC-MAIN-2025-30", files=files)


@pytest.mark.parametrize("crawl", ["", "../x", "a b", "x?y"])
def test_what_is_no_name_of_a_crawl(crawl):
    with pytest.raises(ValueError, match="crawl"):
        CommonCrawl(crawl=crawl, files=1)
