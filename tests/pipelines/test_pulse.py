"""A cluster that is gone, or that is there and says nothing, ends the process with 14 and a sentence."""

import socket
import subprocess
import sys
import time

import pytest

from pipelines.errors import INFRASTRUCTURE

PROGRAM = """
import sys, time
from pipelines import pulse
pulse.EVERY, pulse.SILENCE = 0.05, 1.0
one = pulse.Pulse("127.0.0.1:{port}", lambda why: print("said:", why, flush=True))
{then}
time.sleep(2.5)
print("still here")
"""


def watched(port: int, then: str = "") -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(port=port, then=then)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def test_nobody_there() -> None:
    done = watched(1)
    assert done.returncode == INFRASTRUCTURE
    assert "127.0.0.1:1 is lost (nobody answers there); finished shards are kept" in done.stdout
    assert "still here" not in done.stdout


@pytest.mark.parametrize(
    "then",
    [
        "",
        "one.joined(lambda: False)",
        "one.joined(lambda: 1 / 0)",
        "one.joined(lambda: time.sleep(60))",
    ],
)
def test_somebody_there_who_says_nothing(port: int, then: str) -> None:
    done = watched(port, then)
    assert done.returncode == INFRASTRUCTURE
    assert "is lost (no answer for 1 s)" in done.stdout


@pytest.mark.parametrize("then", ["one.joined(lambda: True)", "one.stop()"])
def test_a_living_cluster_and_one_that_was_left(port: int, then: str) -> None:
    done = watched(port, then)
    assert done.returncode == 0, done.stdout
    assert done.stdout == "still here\n"


def test_the_process_ends_though_its_main_thread_hangs_where_no_signal_reaches() -> None:
    began = time.monotonic()
    done = watched(1, "import threading; threading.Thread(target=lambda: time.sleep(50)).start()")
    assert done.returncode == INFRASTRUCTURE
    assert time.monotonic() - began < 30
