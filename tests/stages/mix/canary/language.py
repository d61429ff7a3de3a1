"""A made-up language for tests: Zipfian words, each with a few followers of its own, written by hashes."""

import hashlib
from functools import cache

VOCABULARY, FOLLOWERS = 20_000, 40


def unit(*parts):
    """A number in [0, 1) that stands for these names."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def windows(count, salt, sharp=1.0, words=50):
    """Windows of the language; `sharp` above 1 prefers frequent words, as a low temperature does."""
    return [" ".join(_window(f"{salt}:{i}", sharp, words)) for i in range(count)]


@cache
def _follower(word, place):
    return int(VOCABULARY ** unit("follower", word, place))


def _window(name, sharp, words):
    last = 0
    for j in range(words):
        chance = unit(name, j) ** sharp
        own = unit(name, j, "own") < 0.8
        last = _follower(last, int(FOLLOWERS**chance)) if own else int(VOCABULARY**chance)
        yield f"w{last}"
