"""The ways a run can end, and the exit code of each. dvc itself only knows 0 and 255."""

DONE, GATE_CLOSED, SHARD_FAILED, BAD_INPUT, LOCKED, INFRASTRUCTURE, INTERRUPTED = 0, 10, 11, 12, 13, 14, 130


class Stop(Exception):
    """Ends a run with a sentence for people and an exit code for schedulers."""

    code = INFRASTRUCTURE


class GateClosed(Stop):
    """A gate found the data wanting, or the parent's gate is not open."""

    code = GATE_CLOSED


class ShardFailed(Stop):
    """At least one shard failed after its retries; the finished ones are kept."""

    code = SHARD_FAILED


class BadInput(Stop):
    """params.yaml or a file it names cannot be used."""

    code = BAD_INPUT


class Locked(Stop):
    """Another run is at work in this checkout."""

    code = LOCKED


class Infrastructure(Stop):
    """The machine, the cluster or the disk failed, not the data."""

    code = INFRASTRUCTURE


class Interrupted(Stop):
    """SIGINT or SIGTERM; what was finished is kept."""

    code = INTERRUPTED
