import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import sandbox
from pipelines.sandbox import FAULTS, Limits, Sandbox
from stages.extract.pages import Extraction, Failure, Look, Page

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(cpu_seconds=3, memory_mb=1024, clock_seconds=20)


def page(name, task="look"):
    return Page(
        name, "http://a/", f"<html><body><p>I am {name}</p><p>x</p></body></html>".encode(), None, task, 100, 50
    )


PAGES = [page(name) for name in "abc"]


def state(pid):
    """The kernel's letter for a process, or None where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None


def test_one_answer_per_page_in_order():
    with Sandbox(LIMITS) as read:
        assert [a.text for a in read(PAGES)] == ["I am a\n\nx", "I am b\n\nx", "I am c\n\nx"]
        found = read([page("a", "text")])
    assert isinstance(found[0], Extraction)
    assert "I am a" in found[0].text


@pytest.mark.parametrize(
    ("fault", "kind", "detail"),
    [
        ("crash", "engine_crashed", "SIGSEGV while doing look, twice"),
        ("hang", "engine_timeout", "SIGPROF while doing look, twice"),
        ("hang_in_c", "engine_timeout", "SIGPROF while doing look, twice"),
        ("memory", "engine_memory", "MemoryError while doing look, twice"),
    ],
)
def test_a_hostile_page_costs_itself_and_its_neighbours_nothing(monkeypatch, fault, kind, detail):
    monkeypatch.setenv(FAULTS, json.dumps({"b": fault}))
    with Sandbox(LIMITS) as read:
        first, second, third = read(PAGES)
    assert second == Failure(kind, detail)
    assert (first.text, third.text) == ("I am a\n\nx", "I am c\n\nx")


def test_a_child_that_sleeps_is_ended_by_the_clock(monkeypatch):
    monkeypatch.setenv(FAULTS, json.dumps({"b": "sleep"}))
    with Sandbox(Limits(cpu_seconds=5, clock_seconds=1.5)) as read:
        answers = read(PAGES)
    assert answers[1] == Failure("engine_timeout", "clock while doing look, twice")
    assert isinstance(answers[2], Look)


def test_a_page_that_dies_in_company_only_is_answered(monkeypatch):
    monkeypatch.setenv(FAULTS, json.dumps({"b": "crash_in_company"}))
    with Sandbox(LIMITS) as read:
        assert [type(a) for a in read(PAGES)] == [Look] * 3


def test_the_child_starts_with_the_first_page_and_is_replaced_after_its_share():
    with Sandbox(LIMITS, recycle=3) as read:
        assert read._process is None
        assert read([]) == []
        assert read._process is None
        read(PAGES[:2])
        first = read._process.pid
        read(PAGES[:2])
        read(PAGES[:1])
        assert read._process.pid != first
        assert state(first) is None, "the old child is reaped"


def test_no_child_outlives_the_block():
    with Sandbox(LIMITS) as read:
        read(PAGES)
        pid = read._process.pid
    assert state(pid) is None


def test_the_child_dies_with_a_parent_that_is_killed():
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from pipelines.sandbox import *\n"
        "read = Sandbox()\n"
        "read([Page('a', '', b'<p>x', None, 'look', 9, 9)])\n"
        "print(read._process.pid, flush=True)\n"
        "read._pipe.send([Page('hang', '', b'', None, 'look', 9, 9)]); time.sleep(60)\n"
    )
    environment = os.environ | {FAULTS: json.dumps({"hang": "hang"})}
    parent = subprocess.Popen([sys.executable, "-c", code, str(ROOT)], stdout=subprocess.PIPE, env=environment)
    child = int(parent.stdout.readline())
    assert state(child) in {"S", "R"}
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 10
    while state(child) not in {None, "Z"} and time.monotonic() < until:
        time.sleep(0.02)
    assert state(child) in {None, "Z"}


def test_an_exception_of_the_engine_tells_its_class_only(monkeypatch):
    from stages.extract import engine

    def fails(page):
        raise ValueError("page text")

    monkeypatch.setattr(engine, "answer", fails)
    assert sandbox._parsed(sandbox._answered(page("a"))) == Failure("engine_crashed", "ValueError while doing look")


def test_answers_cross_as_json_with_every_character():
    found = Extraction("a\u2028b\U0001f600\x7f", None, "trafilatura")
    message = json.dumps(["Extraction", found.__dict__]).encode()
    assert sandbox._parsed(message) == found


def test_the_parent_does_not_load_the_engine():
    code = "import sys, pipelines.sandbox; print({'trafilatura', 'lxml', 'resiliparse', 'polars'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
