"""One run at a time: a lock that names its holder and dies with it."""

import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from pipelines.errors import Locked


class Lock:
    """flock on a file for the life of the process. Entering raises Locked, naming the holder, where it stays taken.

    `patience` (seconds): how long to wait for the holder to end.
    """

    def __init__(self, path: Path, patience: float = 0.0) -> None:
        self.path, self.patience = path, patience

    def __enter__(self) -> "Lock":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("a+")
        until = time.monotonic() + self.patience
        while not (taken := self._take()) and time.monotonic() < until:
            time.sleep(0.1)
        if not taken:
            holder = self._holder()
            self.file.close()
            raise Locked(f"{self.path}: held by {holder}; wait for it, or end that process")
        self.file.truncate(0)
        self.file.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "start": _now()}))
        self.file.flush()
        return self

    def __exit__(self, *exc: Any) -> None:
        self.file.close()

    def _take(self) -> bool:
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> str:
        self.file.seek(0)
        try:
            who = json.loads(self.file.read())
            return f"process {who['pid']} on {who['host']} since {who['start']}"
        except (ValueError, KeyError):
            return "another process"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
