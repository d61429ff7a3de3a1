"""A child process that reads hostile pages, so that a page that hangs, crashes or fills memory costs itself.

The child gets batches of pages over a socket and answers them one by one; it is started when the first page comes and
replaced after RECYCLE pages, since the engine leaks. If it dies, the first unanswered page is the suspect: it is tried
again alone in a fresh child, and only a second death makes it a Failure. Its neighbours go on.

The limits sit far above what pages within the bounds of params.yaml take: CPU seconds, since a busy machine stretches
any clock; address space; and a clock of last resort for a child that sleeps. The child cannot outlive its parent: the
kernel kills it when the parent dies. Answers come back as JSON, never as pickles. Knows nothing about text.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from stages.extract.pages import Answer, Failure, Page, from_plain

RECYCLE = 2000
FAULTS = "SLUICEGATE_TEST_FAULTS"  # set by tests only: JSON, doc_id -> fault
_OUT_OF_MEMORY = 77  # exit status
_ROOT = Path(__file__).resolve().parent.parent
_START = """
import sys
sys.path.insert(0, sys.argv[1])
from pipelines.sandbox import child
child(*map(int, sys.argv[2:]))
"""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Limits:
    """What one page may take: CPU seconds, address space of the child in MB, and seconds by the clock.

    The slowest page known that the bounds of params.yaml admit (380,000 elements of text) takes 15 CPU seconds.
    """

    cpu_seconds: int = 180
    memory_mb: int = 3072
    clock_seconds: float = 1800.0


class Sandbox:
    """Answers pages in order, one answer each. Use as a context manager, in one thread."""

    def __init__(self, limits: Limits | None = None, recycle: int = RECYCLE) -> None:
        self._limits = limits or Limits()
        self._recycle = recycle
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._served = 0

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __call__(self, pages: Sequence[Page]) -> list[Answer]:
        """Answer every page, in order; a page that kills the child twice is answered by a Failure."""
        answers: list[Answer] = []
        while len(answers) < len(pages):
            done, _ = self._ask(pages[len(answers) :])
            answers += done
            if len(answers) < len(pages):
                answers.append(self._alone(pages[len(answers)]))
        if self._served >= self._recycle:
            self.stop()
        return answers

    def _alone(self, page: Page) -> Answer:
        """The second and last try."""
        self.stop()
        done, death = self._ask([page])
        return done[0] if done else Failure(_kind(death), f"{death} while doing {page.task}, twice")

    def _ask(self, pages: Sequence[Page]) -> tuple[list[Answer], str]:
        """The answers that came before the child died, and how it died ("" where it lives)."""
        pipe, done = self._started(), list[Answer]()
        try:
            pipe.send(list(pages))
            for _ in pages:
                if not pipe.poll(self._limits.clock_seconds):
                    self.stop()
                    return done, "clock"
                done.append(_parsed(pipe.recv_bytes()))
        except (EOFError, OSError):
            return done, self.stop()
        finally:
            self._served += len(done)
        return done, ""

    def _started(self) -> Connection:
        if self._pipe is not None:
            return self._pipe
        mine, theirs = Pipe()
        arguments = [_ROOT, theirs.fileno(), os.getpid(), self._limits.cpu_seconds, self._limits.memory_mb]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, *map(str, arguments)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # a dying parser may quote the page
        )
        theirs.close()
        self._pipe, self._served = mine, 0
        return mine

    def stop(self) -> str:
        """End the child and reap it; say how it died, if it had by itself."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if process is None or pipe is None:
            return ""
        pipe.close()
        try:
            status = process.wait(0.2)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        return _death(status)


def _death(status: int) -> str:
    if status == _OUT_OF_MEMORY:
        return "MemoryError"
    return signal.Signals(-status).name if status < 0 else f"exit {status}"


def _kind(death: str) -> Literal["engine_crashed", "engine_timeout", "engine_memory"]:
    if death in ("SIGPROF", "clock"):
        return "engine_timeout"
    return "engine_memory" if death in ("MemoryError", "SIGKILL") else "engine_crashed"


def _parsed(message: bytes) -> Answer:
    kind, fields = json.loads(message)
    return from_plain(kind, fields)


def child(fd: int, parent: int, cpu_seconds: int, memory_mb: int) -> None:
    """Body of the child: answer batches until the pipe closes or a page ends it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return  # the parent died before the line above
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # the default action ends the process even inside C
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    faults: dict[str, str] = json.loads(os.environ.get(FAULTS, "{}"))
    pipe = Connection(fd)
    try:
        while True:
            pages: list[Page] = pipe.recv()
            for page in pages:
                pipe.send_bytes(_timed(page, cpu_seconds, faults.get(page.doc_id), alone=len(pages) == 1))
    except (EOFError, OSError):
        return


def _timed(page: Page, cpu_seconds: int, fault: str | None, *, alone: bool) -> bytes:
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        if fault:
            _suffer(fault, alone=alone)
        return _answered(page)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _answered(page: Page) -> bytes:
    from stages.extract.engine import answer  # heavy: only the child pays for it

    try:
        found: Answer = answer(page)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever a parser raises is the page's, and only its class is told)
        found = Failure("engine_crashed", f"{type(error).__name__} while doing {page.task}")
    return json.dumps([type(found).__name__, asdict(found)]).encode()


def _suffer(fault: str, *, alone: bool) -> None:
    """What hostile pages do, on demand of a test."""
    if fault == "crash" or (fault == "crash_in_company" and not alone):
        ctypes.string_at(0)
    elif fault == "hang":
        while True:
            pass
    elif fault == "hang_in_c":
        sum(range(10**15))
    elif fault == "memory":
        held: list[Any] = [bytearray(1 << 26) for _ in range(1 << 20)]
        held.clear()
    elif fault == "sleep":
        time.sleep(3600)
