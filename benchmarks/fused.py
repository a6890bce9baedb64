"""The fused engine's epochs beside cornac's matrix factorization in C++, on MovieLens 1M, 90 % of the rows.

    python -m benchmarks.fused [--quick] [--data FOLDER]

Each line: the median of some epochs [fastest-slowest] and, with k = 64, its ratio to cornac's (Salah et al., JMLR 21,
2020), measured in the same process in turn with ours. The order of rows is drawn once, as cornac's is; compiling is
timed apart. Both take one step a rating, on one thread. Rows are in blocks of 16 x 8 ranges of users and items, drawn
inside, for us; cornac gets the drawn order without blocks, as it has no such setting.
"""

from __future__ import annotations

import argparse
import functools
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch

import cfbench
from benchmarks.published.claims import data_folder
from benchmarks.textbook import home
from cfbench.loading.loader import Loader

try:
    from cornac.models.mf import backend_cpu as cornac
except ImportError:
    cornac = None

LIMITS = {"sgd": 0.25, "adagrad": 0.35}
SIZES = (16, 32, 64, 100, 128, 256)
L2, LR = 0.04, {"sgd": 0.02, "adagrad": 0.08}
GOAL = 0.8480


def learner_of(folder: Path, k: int, rule: str, loader: Loader | None = None) -> Any:
    """Return a learner with the fused engine."""
    from cfbench.experiment import parse
    from cfbench.loading.components import installed
    from cfbench.loading.previewing import open_loader
    from cfbench.runs.preparing import checked
    from cfbench.training.learner import Learner
    from cfbench.training.trying import Nobody

    made = checked(
        parse(
            {
                "data": {"source": str(folder / "ratings.dat")},
                "splitter": {"name": "random", "valid": 0.1},
                "loader": {"batch_size": 1, "reshuffle": False, "blocks": 16},
                "model": {"name": "biased-dot-product", "n_factors": k, "init_sd": 0.1},
                "loss": {"name": "mse", "l2": L2},
                "optimizer": {"name": rule, "lr": LR[rule]},
                "schedule": {"name": "constant"},
                "training": {"engine": "fused", "epochs": 20},
            }
        )
    )
    return Learner(made, loader or open_loader(made), installed, Nobody())


def timed(work: Callable[[], Any], repeats: int) -> list[float]:
    """Return the seconds of some calls."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


def told(seconds: Sequence[float]) -> str:
    """Return median [fastest-slowest] in milliseconds."""
    low, mid, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{mid * 1e3:7.2f} [{low * 1e3:.2f}-{high * 1e3:.2f}]"


class Cornac:
    """cornac's own loop, a call an epoch."""

    def __init__(self, loader: Loader, k: int) -> None:
        rng = np.random.default_rng(0)
        rows = loader.train.all
        order = loader.train.order(0)
        self.users, self.items = (rows.x[:, n].numpy()[order] for n in (0, 1))
        self.ratings = rows.target.numpy()[order]
        shapes = len(loader.classes["user"]), len(loader.classes["item"])
        self.tables = [rng.normal(0, 0.1, (n, k)).astype(np.float32) for n in shapes]
        self.biases = [np.zeros(n, np.float32) for n in shapes]

    def epoch(self) -> None:
        """Train an epoch."""
        cornac.fit_sgd(
            self.users, self.items, self.ratings, *self.tables, *self.biases, LR["sgd"], L2,
            float(self.ratings.mean()), 1, 1, True, False, False,
        )  # fmt: skip


def rmse(learner: Any) -> float:
    """Return the valid RMSE of what is learned so far."""
    from cfbench.training.evaluation import predict

    learner.fused.settle()
    error = predict(learner.predictor, learner.loader.valid) - learner.loader.valid.all.target
    return float(error.square().mean().sqrt())


def to_goal(learner: Any, most: int = 60) -> tuple[float, int] | None:
    """Return the seconds of the epochs until the valid RMSE is reached, measuring left out, and how many."""
    spent = 0.0
    for epoch in range(1, most + 1):
        began = time.perf_counter()
        learner.fused.run(0, learner.loader.train.n_rows, LR[learner.fused.rule] * 0.85**epoch)
        spent += time.perf_counter() - began
        if rmse(learner) <= GOAL:
            return spent, epoch
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 0, 1 where a limit is missed, 2 without the data."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fused", description="The fused engine beside C++.")
    parser.add_argument("--quick", action="store_true", help="one size, few epochs, nothing judged")
    parser.add_argument("--data", metavar="FOLDER", help="holds ml-1m")
    options = parser.parse_args(arguments)
    folder = data_folder("ml-1m", options.data)
    if not (folder / "ratings.dat").exists():
        print(f"there is no ml-1m at {folder}; say where by --data or CFBENCH_TEST_DATA", file=sys.stderr)
        return 2
    versions = f"cfbench {cfbench.__version__}, numba {numba.__version__}, torch {torch.__version__}"
    print(f"{versions}, Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs, 1 thread")
    repeats = 3 if options.quick else 15
    with home():
        return 0 if measured(folder, repeats, (64,) if options.quick else SIZES) or options.quick else 1


def measured(folder: Path, repeats: int, sizes: Sequence[int]) -> bool:
    """Print the lines; return whether each keeps its limit."""
    loader, kept = None, True
    print(f"{'':<34}{'ms an epoch':<26}{'ratings/s':>12}   to cornac")
    for k in sizes:
        peer: list[float] = []
        if cornac is not None and k == 64:
            one = Cornac(learner_of(folder, k, "sgd").loader, k)
            peer = timed(one.epoch, repeats)
            print(
                f"{f'cornac MF (C++), k = {k}':<34}{told(peer):<26}{len(one.ratings) / statistics.median(peer):>12,.0f}"
            )
        for rule in LIMITS:
            learner = learner_of(folder, k, rule, loader)
            loader = learner.loader
            n = loader.train.n_rows
            learner.fused.put_in_order(0, reshuffled=False)
            work = functools.partial(learner.fused.run, 0, n, LR[rule])
            (first,) = timed(functools.partial(learner.fused.run, 0, 0, 0.0), 1)
            ours = timed(work, repeats)
            ratio = statistics.median(ours) / statistics.median(peer) if peer else math.nan
            verdict = f"{ratio:.3f}x  <= {LIMITS[rule]} {'ok' if ratio <= LIMITS[rule] else 'MISSED'}" if peer else ""
            kept &= not peer or ratio <= LIMITS[rule]
            name = f"{rule}, k = {k} (first call {first:.2f} s)"
            print(f"{name:<34}{told(ours):<26}{n / statistics.median(ours):>12,.0f}   {verdict}", flush=True)
    if cornac is None:
        print("cornac is not installed: pip install -r benchmarks/requirements.txt")
    for rule in LIMITS:
        learner = learner_of(folder, 64, rule, loader)
        learner.fused.put_in_order(0, reshuffled=False)
        reached = to_goal(learner)
        said = "not reached" if reached is None else f"{reached[0]:.3f} s, {reached[1]} epochs"
        print(f"{rule}, k = 64, to valid RMSE {GOAL}: {said}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
