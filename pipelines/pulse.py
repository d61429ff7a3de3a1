"""Whether a cluster still answers. Where it does not, this process ends: Ray's calls wait, some of them for ever.

Knows no Ray: it is told how to ask. Nothing finished is lost by the end, since every result is committed at once.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable

from pipelines.errors import Infrastructure

EVERY = 2.0  # seconds between two questions
REFUSALS = 3  # refused connections in a row that mean that nobody is left
SILENCE = 40.0  # seconds without an answer, from the first attempt to connect on


class Pulse:
    """Asks from one thread, counts the seconds in another: a question may hang as well as the call it watches.

    `say` is called with a sentence before the process ends with the exit code of a failed infrastructure.
    """

    def __init__(self, address: str, say: Callable[[str], None]) -> None:
        self.address, self.say = address, say
        self.refused, self.heard = 0, time.monotonic()
        self.lives: Callable[[], bool] | None = None  # null until we have joined
        self.over = threading.Event()
        for target in (self._ask, self._count):
            threading.Thread(target=target, daemon=True).start()

    def joined(self, lives: Callable[[], bool]) -> None:
        """From now on `lives` is asked too. It may raise and may hang."""
        self.heard, self.lives = time.monotonic(), lives

    def stop(self) -> None:
        """Watch no longer."""
        self.over.set()

    def _ask(self) -> None:
        while not self.over.wait(EVERY):
            try:
                reach(self.address)
            except Infrastructure:
                self.refused += 1
                continue
            self.refused = 0
            try:
                if self.lives is not None and self.lives():
                    self.heard = time.monotonic()
            except Exception:  # noqa: BLE001, S110 - whatever the question raises, it was not answered
                pass

    def _count(self) -> None:
        while not self.over.wait(EVERY / 4):
            silent = time.monotonic() - self.heard
            if self.refused < REFUSALS and silent < SILENCE:
                continue
            how = f"no answer for {silent:.0f} s" if self.refused < REFUSALS else "nobody answers there"
            self.say(f"the Ray cluster at {self.address} is lost ({how}); finished shards are kept, run again")
            sys.stdout.flush()
            os._exit(Infrastructure.code)  # ray's own farewell would wait for an answer too


def reach(address: str) -> None:
    """Raises Infrastructure where nobody listens at an address."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=2).close()
    except (OSError, ValueError) as error:
        raise Infrastructure(f"RAY_ADDRESS {address}: nobody answers there ({error})") from error
