import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.toxicity.pii import emails, ips

CORPORA = Path(os.environ.get("SLUICEGATE_CORPORA", Path(__file__).parents[4] / "shared" / "corpora"))


def found(find: object, text: str) -> list[str]:
    return [text[a:b] for a, b in find(text)]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("write to jo.do+x@mail.example.co.uk.", ["jo.do+x@mail.example.co.uk"]),
        ("'bob.o'neil@example.org', <a_b@ü.de>", ["bob.o'neil@example.org", "a_b@ü.de"]),
        ("...é@é.fr", ["é@é.fr"]),
        ("info@example.com-more", ["info@example.com"]),
        ("x@y, @handle, a@b.c1, foo@@bar.com, a @b.com, a@-b.com", []),
        ("a@b.com@c.org", ["a@b.com"]),
        ("ivan@example.xn--p1ai, a@b.XN--Fiqs8s-.", ["ivan@example.xn--p1ai", "a@b.XN--Fiqs8s"]),
    ],
)
def test_emails(text: str, addresses: list[str]) -> None:
    assert found(emails, text) == addresses


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("关于本次活动的信息请联系joe@host.com我们会回复", ["joe@host.com"]),
        ("请发至123456@qq.com。或zhang.san_1@mail.host.cn.谢谢", ["123456@qq.com", "zhang.san_1@mail.host.cn"]),
        ("help@host.co.kr으로 메일은joe@host.com에서", ["help@host.co.kr", "joe@host.com"]),
        ("お問い合わせはjoe@host.co.jpまで", ["joe@host.co.jp"]),
        ("ติดต่อjoe@host.co.thได้", ["joe@host.co.th"]),
        ("Почтаivan@host.ruТелефон", ["ivan@host.ru"]),
        ("用户@公司.com我们", ["用户@公司.com"]),
    ],
)
def test_page_text_beside_an_address_of_another_script_stays(text: str, addresses: list[str]) -> None:
    assert found(emails, text) == addresses


@pytest.mark.parametrize(
    "address",
    [
        *("иван@пример.рф", "иван.1985@mail.пример.рф", "user@почта.com", "jürgen.müller@grüße.de", "əli@x.az"),
        *("nguyễn@x.vn", "小明@例子.中国", "info@china.中国", "홍길동@한국.com"),
    ],
)
def test_an_address_beyond_ascii_is_found_whole(address: str) -> None:
    assert found(emails, f"a {address}, b") == [address]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("from 81.2.69.142.", ["81.2.69.142"]),
        ("http://81.2.69.160:80/x", ["81.2.69.160"]),
        ("[2a00:1450:4001:81b::200e]", ["2a00:1450:4001:81b::200e"]),
        ("2a00:1450::5. 2a00:1450::6: 2a00:1450::.", ["2a00:1450::5", "2a00:1450::6", "2a00:1450::"]),
        ("10.0.0.1 127.0.0.1 172.20.1.1 192.168.1.10 169.254.1.1 192.0.2.1 224.0.0.251 100.70.1.1", []),
        ("300.1.1.11 01.02.03.04 81.2.69", []),
        ("81.2.69.142.7 7.81.2.69.142 v81.2.69.142 81.2.69.142b", []),
        ("Browser/81.2.69.142 version 81.2.69.142, release: 81.2.69.142", []),
        ("section 1.2.3.4 and 8.8.8.8", []),
        ("서버 45.112.13.39에서, 服务器81.2.69.142上", ["45.112.13.39", "81.2.69.142"]),
        ("在2a00:1450::5上", ["2a00:1450::5"]),
        ("版本81.2.69.142 版本号:81.2.69.142 第81.2.69.142条 81.2.69.142版 81.2.69.142버전", []),
        ("2001:db8::1 fe80::1 ::1 12:30:45 3fff::1 2026:11:20", []),
    ],
)
def test_ips(text: str, addresses: list[str]) -> None:
    assert found(ips, text) == addresses


@given(st.text(alphabet="ab@.-'1: \n", max_size=60))
@settings(deadline=None, max_examples=100)
def test_spans_are_ordered_and_hold_one_sign_each(text: str) -> None:
    spans = list(emails(text))
    assert all(a < b and text[a:b].count("@") == 1 for a, b in spans)
    assert spans == sorted(spans)
    assert len({a for span in spans for a in range(*span)}) == sum(b - a for a, b in spans)


@pytest.mark.parametrize("piece", ["a", "@", "a@", "a@b.", "1.1.", "2abc:", "a:", "version 1", "1.2.3.4."])
def test_time_is_linear_in_a_hostile_text(piece: str) -> None:
    """Quadratic work on 400,000 characters takes minutes; the bound is far from both."""
    text = piece * (400_000 // len(piece))
    start = time.process_time()
    assert len([*emails(text), *ips(text)]) <= len(text)
    assert time.process_time() - start < 5


@pytest.mark.skipif(not CORPORA.is_dir(), reason=f"{CORPORA} is not there; set SLUICEGATE_CORPORA")
def test_recall_on_template_sentences() -> None:
    from pipelines.training import json_rows

    wanted, hit = 0, 0
    for row in json_rows(CORPORA / "pii" / "presidio_generated_large.jsonl.gz"):
        spans = set(emails(row["text"]))
        mails = [s for s in row["spans"] if s["entity_type"] == "EMAIL_ADDRESS"]
        wanted += len(mails)
        hit += sum((s["start_position"], s["end_position"]) in spans for s in mails)
    assert wanted > 20
    assert hit / wanted > 0.98
