import re

from stages.extract.ids import BLOCK_HEAD, damage_id, record_id

NAMED = {b"warc-record-id": b"<urn:1>", b"warc-target-uri": b"http://a/"}


def test_a_named_record_keeps_its_id_whatever_its_bytes():
    assert record_id(NAMED, 10, b"x") == record_id(NAMED | {b"warc-date": b"2020"}, 99, b"y")
    assert re.fullmatch("[0-9a-f]{32}", record_id(NAMED, 10, b"x"))


def test_id_and_url_both_count():
    assert record_id(NAMED, 1, b"") != record_id(NAMED | {b"warc-target-uri": b"http://b/"}, 1, b"")
    assert record_id(NAMED, 1, b"") != record_id(NAMED | {b"warc-record-id": b"<urn:2>"}, 1, b"")


def test_without_an_id_url_date_and_stated_digest_count():
    bare = {b"warc-target-uri": b"http://a/", b"warc-date": b"2020", b"warc-payload-digest": b"sha1:X"}
    assert record_id(bare, 1, b"x") == record_id(bare, 2, b"y")
    for change in ({b"warc-date": b"2021"}, {b"warc-target-uri": b"http://b/"}, {b"warc-payload-digest": b"sha1:Y"}):
        assert record_id(bare | change, 1, b"x") != record_id(bare, 1, b"x")


def test_without_any_digest_length_and_the_blocks_head_count():
    bare = {b"warc-target-uri": b"http://a/"}
    assert record_id(bare, 1, b"x") != record_id(bare, 2, b"x")
    assert record_id(bare, 1, b"x") != record_id(bare, 1, b"y")
    assert record_id(bare, 9, b"x" * BLOCK_HEAD + b"1") == record_id(bare, 9, b"x" * BLOCK_HEAD + b"2")


def test_fields_do_not_run_into_each_other():
    one = {b"warc-record-id": b"ab", b"warc-target-uri": b"c"}
    other = {b"warc-record-id": b"a", b"warc-target-uri": b"bc"}
    assert record_id(one, 1, b"") != record_id(other, 1, b"")


def test_damage_is_named_by_file_offset_and_position():
    ids = {damage_id("f", 1, 0), damage_id("g", 1, 0), damage_id("f", 2, 0), damage_id("f", 1, 2)}
    assert len(ids) == 4
