"""Named random streams: each use of chance has a generator of its own, so that one more use never shifts another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from cfbench.experiment import Experiment


def numpy_generator(experiment: Experiment, stream: str, *part: int) -> np.random.Generator:
    """Return a fresh generator for a stream, or for one part of it such as an epoch: the same ones, same numbers."""
    return np.random.Generator(np.random.PCG64(_sequence(experiment, stream, *part)))


def _sequence(experiment: Experiment, stream: str, *part: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([experiment.seed_of(stream), *stream.encode(), *part])


class TorchStreams:
    """The torch generators of a training, made when first asked for; their states go into checkpoints."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._generators: dict[str, torch.Generator] = {}

    def __call__(self, stream: str) -> torch.Generator:
        """Return the stream's generator, the same one each time."""
        import torch

        if stream not in self._generators:
            self._generators[stream] = torch.Generator().manual_seed(self.seed(stream))
        return self._generators[stream]

    def seed(self, stream: str) -> int:
        """Return a 63-bit seed for a stream, for generators that torch keeps itself."""
        return int(_sequence(self._experiment, stream).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def states(self) -> dict[str, torch.Tensor]:
        """Return stream -> state, uint8 tensors."""
        return {stream: generator.get_state() for stream, generator in self._generators.items()}

    def restore(self, states: dict[str, torch.Tensor]) -> None:
        """Put the streams back to `states`."""
        for stream, state in states.items():
            self(stream).set_state(state)
