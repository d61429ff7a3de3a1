"""One holder at a time, named; a dead holder holds nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import Locked
from pipelines.locks import Lock

HOLD = """
import sys, time
from pathlib import Path
from pipelines.locks import Lock
with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_told_who_has_it_until_that_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked, match=rf"held by process {holder.pid} on .+ since 20") as caught, Lock(path):
            pass
        assert caught.value.code == 13
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with Lock(path):
        pass


def test_patience_outlasts_a_holder_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    program = HOLD.replace("sleep(60)", "sleep(1)")
    holder = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with Lock(path, patience=30):
        assert holder.wait(5) == 0
