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
    """flock on a file for the life of the process. Entering raises Locked, naming the holder, where it is taken."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "Lock":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("a+")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._holder()
            self.file.close()
            raise Locked(f"{self.path}: held by {holder}; wait for it, or end that process") from None
        self.file.truncate(0)
        self.file.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "start": _now()}))
        self.file.flush()
        return self

    def __exit__(self, *exc: Any) -> None:
        self.file.close()

    def _holder(self) -> str:
        self.file.seek(0)
        try:
            who = json.loads(self.file.read())
            return f"process {who['pid']} on {who['host']} since {who['start']}"
        except (ValueError, KeyError):
            return "another process"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
