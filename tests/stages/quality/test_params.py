"""The names that may be bounded are the signals that exist."""

from stages.quality.params import signal_names
from stages.quality.signals import known_signals


def test_names_read_from_the_source_are_the_functions_that_are_measured() -> None:
    assert signal_names() == tuple(known_signals())
    assert len(signal_names()) > 20
