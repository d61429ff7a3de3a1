"""A small neural language model: a gated recurrent unit over windows of words, trained from nothing on one core.

Ids: 0 begins a window, 1 is every word outside the vocabulary, words follow from 2 on, the most frequent first (the
adaptive softmax of Grave et al. 2017 rests on that order). It shares no part with the canaries' trigrams: no counts, no
discounts, no back-off. The same windows in the same order give the same losses on the same machine. What this module
does not know: where windows come from, and which of them are real.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Ids = NDArray[np.int64]
Losses = NDArray[np.float64]
BEGIN, OTHER, FIRST = 0, 1, 2


@dataclass(frozen=True)
class Training:
    """Widths, and how long to train: `steps` of `batch` windows each, the rate falling to nothing as half a cosine."""

    width: int = 128
    batch: int = 16
    rate: float = 0.006
    heads: tuple[int, ...] = (600, 3000)  # ranks at which the softmax is cut
    seed: int = 1


class Gru(nn.Module):
    """Embedding, one layer of gated recurrent units, adaptive softmax."""

    def __init__(self, size: int, training: Training) -> None:
        super().__init__()
        width, cuts = training.width, [c for c in training.heads if c < size - 1]
        self.embedding = nn.Embedding(size, width)
        self.cell = nn.GRU(width, width, batch_first=True)
        self.out = nn.AdaptiveLogSoftmaxWithLoss(width, size, cuts, div_value=2.0)
        nn.init.normal_(self.embedding.weight, std=0.1)

    def forward(self, rows: Tensor) -> Tensor:
        """Log probability of every word of `rows` (windows by words + 1, BEGIN in front), one after the other."""
        states, _ = self.cell(self.embedding(rows[:, :-1]))
        found: Tensor = self.out(states.reshape(-1, states.shape[-1]), rows[:, 1:].reshape(-1)).output
        return found


def fit(windows: Ids, order: Sequence[int], size: int, training: Training) -> Gru:
    """Train on the rows of `windows` that `order` names, `batch` a step; what is left over at its end is not read."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(training.seed)
    model = Gru(size, training)
    steps = len(order) // training.batch
    optimiser = torch.optim.Adam(model.parameters(), lr=training.rate, betas=(0.9, 0.99), fused=True)
    fall = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda t: 0.5 * (1 + math.cos(math.pi * t / steps)))
    places = np.asarray(order[: steps * training.batch]).reshape(steps, training.batch)
    for chosen in places:
        optimiser.zero_grad()
        loss = -model(torch.from_numpy(windows[chosen])).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        fall.step()
    return model


def losses(model: Gru, windows: Ids) -> Losses:
    """Nats that each word of `windows` costs (windows by words)."""
    with torch.no_grad():
        parts = [-model(torch.from_numpy(part)) for part in np.array_split(windows, max(1, len(windows) // 256))]
    found: Losses = torch.cat(parts).numpy().astype(np.float64).reshape(len(windows), -1)
    return found
