"""The runner: one pure call over many shards, in this process or on Ray, with the same tables. The only door to ray.

A shard that fails does not stop the others. What the infrastructure does to a task (a killed worker, a lost node, an
out-of-memory kill) is retried; what the body raises is not, since it would raise it again.
"""

import atexit
import os
import resource
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.cluster import address_for, workers_of
from pipelines.context import Context
from pipelines.entry import say
from pipelines.errors import BadInput, Infrastructure, Stop
from pipelines.pulse import Pulse, reach
from pipelines.store import Store
from pipelines.work import Job, Receipt, execute

STOPS = {kind.code: kind for kind in (BadInput, Infrastructure)}
QUIET = 5.0  # seconds


@dataclass(frozen=True)
class Done:
    """How one job ended: with a receipt, or with what was raised (`stop`: the infrastructure's fault, by exit code)."""

    job: Job
    receipt: Receipt | None
    error: str = ""
    stop: int = 0
    peak_mb: int = 0


def run(jobs: Sequence[Job], ctx: Context) -> Iterator[Done]:
    """Carry out jobs, in any order. Raises Infrastructure where the cluster is lost or the disk is full."""
    for done in _on_ray(jobs, ctx) if on_ray(len(jobs), ctx) else (attempt(job, ctx.store) for job in jobs):
        if done.stop:
            raise STOPS[done.stop](done.error)
        yield done


def on_ray(n_jobs: int, ctx: Context) -> bool:
    """Whether this many jobs go to Ray."""
    how = ctx.params.run.executor
    if how == "auto":
        return n_jobs > 0 and ("RAY_ADDRESS" in os.environ or n_jobs > ctx.params.run.ray_from)
    return n_jobs > 0 and how == "ray"


def lanes(n_jobs: int, ctx: Context) -> int:
    """How many of so many jobs run at once: one in this process, else as many as there are workers."""
    return max(1, min(n_jobs, workers_of(ctx))) if on_ray(n_jobs, ctx) else 1


def attempt(job: Job, store: Store) -> Done:
    """Execute a job and return how it ended; errors travel as data, since not every exception survives pickling."""
    try:
        receipt = execute(job, store)
    except (Infrastructure, BadInput) as error:
        return Done(job, None, str(error), stop=error.code)
    except Stop:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a body raises is its shard's end, not the stage's
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return Done(job, None, f"{type(error).__name__}: {error} ({where})", peak_mb=_peak())
    return Done(job, receipt, peak_mb=_peak())


def _peak() -> int:
    usage = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage) // 1024


@dataclass
class _Seat:
    """Our process's place in a cluster, kept from the first family that needs one to the end of the process."""

    held: ExitStack
    wanted: str | None
    address: str
    ray: Any


_SEATS: list[_Seat] = []  # at most one: ray itself is one per process


def _on_ray(jobs: Sequence[Job], ctx: Context) -> Iterator[Done]:
    seat = _seat(ctx, jobs[0].stage)
    yield from _flow(seat.ray, jobs, ctx, seat.address)


def _seat(ctx: Context, stage: str) -> _Seat:
    wanted = os.environ.get("RAY_ADDRESS")
    if _SEATS and _SEATS[0].wanted == wanted:
        return _SEATS[0]
    leave()
    with ExitStack() as stack:
        address = stack.enter_context(address_for(ctx))
        import ray  # seconds that a run with nothing to do must not pay

        reach(address)
        pulse = Pulse(address, lambda why: say(ctx.root, stage, Infrastructure.code, why))
        stack.callback(pulse.stop)
        _connect(ray, address)
        stack.callback(ray.shutdown)
        pulse.joined(lambda: _lives(ray))
        _SEATS.append(_Seat(stack.pop_all(), wanted, address, ray))
    atexit.register(leave)
    return _SEATS[0]


def leave() -> None:
    """Leave the cluster, and end it if it is our own."""
    while _SEATS:
        _SEATS.pop().held.close()


def _connect(ray: Any, address: str) -> None:
    """Join the cluster. ray.init waits for ever on a dead address; the pulse ends that."""
    env = {"POLARS_MAX_THREADS": "1", "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"]}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", runtime_env={"env_vars": env})
    except Exception as error:
        raise Infrastructure(f"RAY_ADDRESS {address}: cannot be joined ({type(error).__name__}: {error})") from error


def _lives(ray: Any) -> bool:
    """Whether the node we are attached to is one of the living."""
    own = ray.get_runtime_context().get_node_id()
    return any(node["Alive"] and node["NodeID"] == own for node in ray.nodes())


def _flow(ray: Any, jobs: Sequence[Job], ctx: Context, address: str) -> Iterator[Done]:
    """Keep a bounded number of tasks in flight."""
    settings = ctx.params.run
    memory = settings.memory_mb * 2**20
    total = ray.cluster_resources()
    if total.get("memory", 0) < memory or total.get("CPU", 0) < 1:
        raise Infrastructure(
            f"the cluster at {address} has no node with {settings.memory_mb} MB (run.memory_mb) and a CPU"
        )
    task = ray.remote(num_cpus=1, memory=memory, max_retries=settings.retries, retry_exceptions=False)(attempt)
    width = 2 * (settings.workers or int(total["CPU"]))
    waiting: list[Job] = list(reversed(jobs))
    flying: dict[Any, Job] = {}
    try:
        while waiting or flying:
            while waiting and len(flying) < width:
                job = waiting.pop()
                flying[task.remote(job, ctx.store)] = job
            for ref in _ready(ray, list(flying)):
                yield _result(ray, ref, flying.pop(ref))
    finally:
        for ref in flying:
            ray.cancel(ref, force=True)


def _ready(ray: Any, refs: list[Any]) -> list[Any]:
    """Finished tasks, at least one. Waits in short steps, between which a signal is heard."""
    ready: list[Any] = []
    while not ready:
        ready, _ = ray.wait(refs, num_returns=1, timeout=QUIET)
    return ready


def _result(ray: Any, ref: Any, job: Job) -> Done:
    try:
        done: Done = ray.get(ref, timeout=60)
    except ray.exceptions.LocalRayletDiedError as error:
        raise Infrastructure("the Ray node of this process is lost; finished shards are kept, run again") from error
    except (ray.exceptions.RayError, TimeoutError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        return Done(job, None, f"{type(error).__name__} after its retries: {first}")
    return done
