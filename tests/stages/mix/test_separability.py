"""Separability: a half for text of one kind, all of it for text of two, and no use of what one document says."""

import numpy as np
import pytest

from stages.mix.blocks import encode
from stages.mix.separability import auc
from tests.stages.mix.texts import unit, windows, word

DOCUMENTS = 60


def text(prefix, own, salt):
    """Words that any document may have, and every tenth one that is the document's own."""

    def written(name, length):
        words = [f"{prefix}{word(unit(salt, name, j), 80)}" for j in range(length)]
        return " ".join(f"only{name}{salt}" if own and j % 10 == 0 else w for j, w in enumerate(words))

    return written


def between(one, other):
    """The separability of two sets of three windows a document."""
    names = [f"d{i}" for i in range(DOCUMENTS)]
    sets = windows([f"a{n}" for n in names], 3, one), windows([f"b{n}" for n in names], 3, other)
    blocks = encode(*sets)
    rows = np.arange(len(blocks.clusters))
    return auc(blocks, rows[: blocks.source], rows[blocks.source :]), blocks


@pytest.mark.parametrize("own", [False, True])
def test_text_of_one_kind_is_not_told_apart_whatever_documents_have_of_their_own(own):
    found, _ = between(text("w", own, "x"), text("w", own, "y"))
    assert found == pytest.approx(0.5, abs=0.08)


def test_other_words_are_told_apart_always_and_either_way():
    found, blocks = between(text("v", False, "x"), text("w", False, "y"))
    assert found == 1.0
    rows = np.arange(len(blocks.clusters))
    assert auc(blocks, rows[blocks.source :], rows[: blocks.source]) == 1.0


def test_the_same_words_in_other_company_are_told_apart():
    """Every word as often on both sides; on one of them words come in pairs."""

    def paired(name, length):
        found = text("w", False, "x")(name, length).split(" ")
        return " ".join(found[j - j % 2] + "ab"[j % 2] for j in range(length))

    def single(name, length):
        found = text("w", False, "y")(name, length).split(" ")
        return " ".join(w + "ab"[j % 2] for j, w in enumerate(found))

    assert between(paired, single)[0] > 0.9


def test_documents_of_both_sets_count_for_neither_and_nothing_is_known_of_too_few():
    _, blocks = between(text("v", False, "x"), text("w", False, "y"))
    rows = np.arange(len(blocks.clusters))
    both = rows[: blocks.source]
    assert auc(blocks, both, np.concatenate([both, rows[blocks.source :]])) == 0.5
    assert auc(blocks, rows[:1], rows[blocks.source :]) == 0.5
    wider = np.concatenate([rows[: blocks.source // 2], rows[blocks.source :]])
    assert auc(blocks, both, wider) == 1.0
