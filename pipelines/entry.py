"""How every entry point begins and ends: params, lock, signals, a sentence for people, an exit code for schedulers."""

import argparse
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from pipelines import context
from pipelines.context import Context
from pipelines.errors import DONE, INFRASTRUCTURE, INTERRUPTED, Infrastructure, Interrupted, Stop
from pipelines.files import read_json, write_json
from pipelines.kernels import cache_folder
from pipelines.locks import Lock
from pipelines.store import ROOT

PATIENCE = 40.0  # seconds that the stage of a killed run gets to end, before the next one gives up


def stage_main(name: str, work: Callable[[Context], object], argv: Sequence[str] | None = None) -> int:
    """Run one DVC stage: `work` under the stage's lock. Returns the exit code, after writing `.run/status.json`."""
    parser = argparse.ArgumentParser(prog=f"python -m pipelines.{name}", description=f"Run the stage {name}.")
    parser.add_argument("--verify", action="store_true", help="check finished shards by content, not by size and mtime")
    args = parser.parse_args(argv)
    set_environment(ROOT)
    follow_the_run()

    def locked() -> None:
        with Lock(ROOT / ".run" / f"{name}.lock", PATIENCE):
            ctx = context.load()
            work(replace(ctx, verify=ctx.verify or args.verify))

    return guarded(name, locked)


def guarded(name: str, work: Callable[[], None], *, status: bool = True) -> int:
    """Call `work`, turn how it ends into a sentence on stderr, a status file and an exit code.

    Without `status` no file is written: a question that fails must not pass for the end of a run.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    code, message = DONE, "done"
    try:
        work()
    except Stop as stop:
        code, message = stop.code, str(stop)
    except KeyboardInterrupt:
        code, message = INTERRUPTED, "interrupted; what was finished is kept"
    except (OSError, MemoryError) as error:
        code, message = INFRASTRUCTURE, f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - a fault of ours: shown whole, and told apart from bad data by its code
        traceback.print_exc()
        code, message = INFRASTRUCTURE, f"fault in the program: {type(error).__name__}: {error}"
    if code != DONE:
        say(ROOT if status else None, name, code, message)
    return code


def say(root: Path | None, name: str, code: int, message: str) -> None:
    """Tell people how something ended, and schedulers by the status file of a checkout."""
    print(f"{name}: {message}", file=sys.stderr, flush=True)
    if root is not None:
        write_status(root, name, code, message)


def write_status(root: Path, name: str, code: int | None, message: str) -> None:
    """Say in `.run/status.json` how the run stands. Code null: still at work."""
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    run = os.environ.get("SLUICEGATE_RUN")
    try:
        write_json(
            root / ".run" / "status.json", {"code": code, "stage": name, "message": message, "time": when, "run": run}
        )
    except Infrastructure as full:  # a full disk must not hide the message
        print(f"{name}: {full}", file=sys.stderr)


def read_status(root: Path) -> dict[str, object]:
    """The last status, empty where there is none."""
    return read_json(root / ".run" / "status.json") or {}


def _interrupt(number: int, frame: FrameType | None) -> None:
    for signum in (signal.SIGTERM, signal.SIGINT):  # a second one, while this is cleaned up, changes nothing
        signal.signal(signum, signal.SIG_IGN)
    raise Interrupted(f"interrupted by {signal.Signals(number).name}; what was finished is kept")


def set_environment(root: Path) -> None:
    """Caches inside the checkout, telemetry off: for this process and those it starts."""
    here = root / ".run"
    defaults = {
        "NUMBA_CACHE_DIR": str(cache_folder(here)),
        "DVC_NO_ANALYTICS": "true",
        "RAY_USAGE_STATS_ENABLED": "0",
        "GX_ANALYTICS_ENABLED": "false",
        "DVC_SITE_CACHE_DIR": str(here / "dvc"),
        "DVC_GLOBAL_CONFIG_DIR": str(here / "dvc-config"),
        "POLARS_MAX_THREADS": "2",
        "OMP_NUM_THREADS": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    # dvc runs `python -m …` by name: the one of this environment is meant.
    own = str(Path(sys.executable).parent)
    if os.environ.get("PATH", "").split(os.pathsep)[0] != own:
        os.environ["PATH"] = own + os.pathsep + os.environ.get("PATH", "")


def follow_the_run() -> None:
    """End this process when the run that started it is gone: dvc does not pass a kill on."""
    run = os.environ.get("SLUICEGATE_RUN")
    if run is None:
        return

    def watch() -> None:
        while Path(f"/proc/{run}").exists() and not ended(run):
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    if Path("/proc/self").exists():
        threading.Thread(target=watch, daemon=True).start()


def ended(pid: str) -> bool:
    """Whether a process is gone, or a zombie that nobody has reaped (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
