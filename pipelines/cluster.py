"""A Ray cluster of our own: a child process that ends with us, its session in a short temporary folder.

`ray stop` is machine-wide and is never called. Starting one costs seconds, so it is started when the first stage asks:
by the run, which then keeps it for the stages that follow, or by a stage that runs alone.
"""

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.context import Context
from pipelines.entry import ended
from pipelines.errors import Infrastructure
from pipelines.files import read_json, write_json, write_text

START_WITHIN = 40.0  # seconds
PREFIX = "slg-"


class Cluster:
    """`ray start --head` as a child. `address` is where drivers connect."""

    def __init__(self, run_dir: Path, workers: int) -> None:
        _sweep()
        self.run_dir = run_dir
        self.temp = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        log = (run_dir / "ray.log").open("ab")
        self.child = subprocess.Popen(
            [
                *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--port=0"),
                *(f"--num-cpus={workers}", "--include-dashboard=false", "--disable-usage-stats"),
                *("--object-store-memory=100000000", f"--temp-dir={self.temp}"),
            ],
            env={**os.environ, **auth(run_dir), "POLARS_MAX_THREADS": "1", "RAY_task_oom_retries": "1"},
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        log.close()
        self.address = self._await()

    def _await(self) -> str:
        found, until = self.temp / "ray_current_cluster", time.monotonic() + START_WITHIN
        while time.monotonic() < until and self.child.poll() is None and not self._maimed():
            if found.is_file() and (address := found.read_text().strip()):
                return address
            time.sleep(0.05)
        self.stop()
        raise Infrastructure(f"the Ray cluster did not start within {START_WITHIN:.0f} s: see .run/ray.log")

    def _left(self) -> list[int]:
        """Living processes of this cluster: every server and worker is told its folder (Linux)."""
        mark, pids = str(self.temp).encode(), [p for p in Path("/proc").glob("[0-9]*") if p.name != str(os.getpid())]
        return [int(p.name) for p in pids if mark in _reads(p / "cmdline")]

    def _maimed(self) -> bool:
        """Whether a server died while `ray start` waits for it, which it does for half a minute (Linux)."""
        children = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children")
        with suppress(OSError):
            for pid in children.read_text().split():
                if ended(pid) and Path(f"/proc/{pid}/comm").read_text().strip() in ("gcs_server", "raylet"):
                    return True
        return False

    def alive(self) -> bool:
        """Whether the child still runs; it ends when one of Ray's own processes does."""
        return self.child.poll() is None

    def stop(self) -> None:
        """End the cluster and remove its folder."""
        for signum, patience in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 4.0)):
            if self.child.poll() is None:
                self.child.send_signal(signum)
                try:
                    self.child.wait(patience)
                except subprocess.TimeoutExpired:
                    continue
        for pid in self._left():  # whoever outlived the head
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.temp, ignore_errors=True)


def _reads(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def start(run_dir: Path, workers: int) -> Cluster:
    """A new cluster. Tried twice: that one of its servers was killed says nothing of the next."""
    try:
        return Cluster(run_dir, workers)
    except Infrastructure:
        return Cluster(run_dir, workers)


def auth(run_dir: Path) -> dict[str, str]:
    """Ray's token, kept inside the checkout instead of the home folder."""
    path = run_dir / "ray_token"
    if not path.is_file():
        write_text(path, secrets.token_hex(32))
        path.chmod(0o600)
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(path)}


@contextmanager
def address_for(ctx: Context) -> Iterator[str]:
    """Where to connect: RAY_ADDRESS, the run's cluster (asked for), or one of our own for the length of the block."""
    given = os.environ.get("RAY_ADDRESS")
    if given:
        yield given
        return
    os.environ.update(auth(ctx.run_dir))
    if ctx.in_run:
        yield _ask(ctx.run_dir)
        return
    cluster = start(ctx.run_dir, workers_of(ctx))
    try:
        yield cluster.address
    finally:
        cluster.stop()


def workers_of(ctx: Context) -> int:
    """run.workers, or one per core."""
    return ctx.params.run.workers or os.cpu_count() or 1


def _ask(run_dir: Path) -> str:
    """Ask the run to start the cluster, and wait for its address."""
    wanted, told = run_dir / "cluster.want", run_dir / "cluster.json"
    write_text(wanted, "1")
    until = time.monotonic() + 3 * START_WITHIN  # two attempts, and the end of the first
    while time.monotonic() < until:
        answer = read_json(told)
        if answer:
            if answer.get("error"):
                raise Infrastructure(answer["error"])
            return str(answer["address"])
        time.sleep(0.05)
    raise Infrastructure("the run did not answer the request for a Ray cluster")


class Keeper:
    """The run's side: starts the cluster when a stage asks for it, and stops it at the end."""

    def __init__(self, run_dir: Path, workers: int) -> None:
        self.run_dir, self.workers = run_dir, workers
        self.cluster: Cluster | None = None
        self._forget()

    def attend(self) -> None:
        """Look whether somebody asked. Called often."""
        lost = self.cluster is not None and not self.cluster.alive()
        if lost and self.cluster is not None:
            self.cluster.stop()
            self.cluster = None
            self._forget()
        if self.cluster is None and (self.run_dir / "cluster.want").exists():
            try:
                self.cluster = start(self.run_dir, self.workers)
                write_json(self.run_dir / "cluster.json", {"address": self.cluster.address})
            except Infrastructure as error:
                (self.run_dir / "cluster.want").unlink(missing_ok=True)
                write_json(self.run_dir / "cluster.json", {"error": str(error)})

    def stop(self) -> None:
        """End the cluster, if one was started."""
        if self.cluster is not None:
            self.cluster.stop()
        self._forget()

    def _forget(self) -> None:
        for name in ("cluster.want", "cluster.json"):
            (self.run_dir / name).unlink(missing_ok=True)


def die_with_parent() -> None:
    """The child gets SIGTERM when this process dies, however it dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _sweep() -> None:
    """Remove session folders of processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and sys.platform == "linux":
            shutil.rmtree(folder, ignore_errors=True)
