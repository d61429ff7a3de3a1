"""1, 2 and 4 workers on Ray give the manifests of the in-process run; bodies that fail, fail their shard alone."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from pipelines import runner
from pipelines.cluster import Cluster, auth, start
from pipelines.errors import Infrastructure
from pipelines.pulse import reach


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory):
    one = Cluster(tmp_path_factory.mktemp("run"), 4)
    yield one
    runner.leave()
    one.stop()
    assert not one.temp.exists()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same_manifests(cluster, pipeline, empty, workers: int, monkeypatch) -> None:
    for name, value in auth(cluster.run_dir).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    empty.raw["run"].update(executor="ray", workers=workers)
    empty.run()
    assert empty.manifests() == pipeline.manifests()


@pytest.mark.parametrize(
    ("executor", "address", "jobs", "expected"),
    [
        ("auto", None, 0, False),
        ("auto", None, 16, False),
        ("auto", None, 17, True),
        ("auto", "10.0.0.1:6379", 1, True),
        ("auto", "10.0.0.1:6379", 0, False),
        ("inprocess", "10.0.0.1:6379", 99, False),
        ("ray", None, 1, True),
    ],
)
def test_when_ray_is_used(empty, monkeypatch, executor: str, address: str | None, jobs: int, expected: bool) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
    empty.raw["run"]["executor"] = executor
    assert runner.on_ray(jobs, empty.context()) == expected


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "localhost:"])
def test_a_dead_address_is_named_at_once(address: str) -> None:
    with pytest.raises(Infrastructure, match="nobody answers there"):
        reach(address)


def test_a_server_killed_in_the_making_costs_a_second_start(tmp_path: Path) -> None:
    killed: list[int] = []
    thread = threading.Thread(target=lambda: killed.append(_kill_first(b"raylet/raylet", tmp_path)), daemon=True)
    thread.start()
    cluster = start(tmp_path, 1)
    try:
        thread.join(10)
        assert killed
        assert cluster.alive()
    finally:
        cluster.stop()


def _kill_first(name: bytes, run_dir: Path) -> int:
    """Kill the first process with such a command line that came from a cluster started for `run_dir`."""
    mark = str(run_dir).encode()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for entry in Path("/proc").iterdir():
            try:
                ours = entry.name.isdigit() and mark in (entry / "environ").read_bytes()
                if ours and name in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)
                    return int(entry.name)
            except OSError:
                continue
        time.sleep(0.02)
    raise AssertionError("no such process")
