"""The fused engine's epochs beside cornac's matrix factorization in C++, on MovieLens 1M, 90 % of the rows.

    python -m benchmarks.fused [--quick] [--data FOLDER]

cornac (Salah et al., JMLR 21, 2020) and ours take one step a rating, in the same process in turn, each on one thread
and on two. Rows lie in an order drawn once; compiling is timed apart. Then a whole `cfbench train` of 20 epochs as a
process of its own, and 25 M invented ratings, whose tables are larger than the caches.
"""

from __future__ import annotations

import functools
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.invented import write_interactions
from benchmarks.learning import learner_of, rmse, to_goal
from benchmarks.measuring import in_turn, judged, line, run, threads_of, timed, versions
from cfbench.loading.loader import Loader

try:
    from cornac.models.mf import backend_cpu as cornac
except ImportError:
    cornac = None

LIMITS = {"sgd": 0.25, "adagrad": 0.35}
SIZES = (16, 32, 64, 100, 128, 256)
TUNED = {"sgd": (0.03, 0.04, 0.7), "adagrad": (0.08, 0.04, 0.9), "lazy-adam": (0.003, 0.05, 0.85)}
"""First rate, l2 and what the rate is multiplied by after an epoch: the best of a small grid for each."""

CORNAC = (0.03, 0.04, 0.85)
"""Likewise, of a grid of the same size."""

GOAL, GOAL_LIMIT = 0.8480, 0.25
EXPERIMENT = """
[data]
source = "{source}"
[splitter]
name = "random"
valid = 0.1
[loader]
batch_size = 1
reshuffle = false
[model]
name = "biased-dot-product"
n_factors = 64
init_sd = 0.1
[loss]
name = "mse"
l2 = 0.04
[optimizer]
name = "sgd"
lr = 0.01
[schedule]
name = "constant"
[training]
epochs = 20
"""


def fused_learner(
    data: dict[str, Any], k: int, rule: str, loader: Loader | None = None, threads: int = 1, blocks: int = 16
) -> Any:
    """Return a learner with the fused engine, its rows in order."""
    tables = {
        "data": data,
        "splitter": {"name": "random", "valid": 0.1},
        "loader": {"batch_size": 1, "reshuffle": False, "blocks": blocks},
        "model": {"name": "biased-dot-product", "n_factors": k, "init_sd": 0.1},
        "loss": {"name": "mse", "l2": TUNED[rule][1]},
        "optimizer": {"name": rule, "lr": TUNED[rule][0]},
        "schedule": {"name": "constant"},
        "training": {"engine": "fused", "epochs": 20, "threads": threads},
    }
    learner = learner_of(tables, loader)
    learner.fused.put_in_order(0, reshuffled=False)
    return learner


class Cornac:
    """cornac's own loop, a call an epoch."""

    def __init__(self, loader: Loader, k: int, threads: int) -> None:
        rng = np.random.default_rng(0)
        rows, order = loader.train.all, np.random.default_rng(1).permutation(loader.train.n_rows)
        self.users, self.items = (rows.x[:, n].numpy()[order] for n in (0, 1))
        self.ratings = rows.target.numpy()[order]
        self.mean, self.threads = float(self.ratings.mean()), threads
        shapes = len(loader.classes["user"]), len(loader.classes["item"])
        self.tables = [rng.normal(0, 0.1, (n, k)).astype(np.float32) for n in shapes]
        self.biases = [np.zeros(n, np.float32) for n in shapes]

    def epoch(self, lr: float = 0.005) -> None:
        """Train an epoch."""
        cornac.fit_sgd(
            self.users, self.items, self.ratings, *self.tables, *self.biases, lr, CORNAC[1], self.mean, 1, self.threads,
            True, False, False,
        )  # fmt: skip

    def falling(self, number: int) -> None:
        """Train epoch `number`, from 1, at the tuned rate."""
        self.epoch(CORNAC[0] * CORNAC[2] ** (number - 1))

    def rmse(self, loader: Loader) -> float:
        """Return the valid RMSE."""
        rows = loader.valid.all
        users, items = rows.x.numpy().T
        products = np.einsum("nk,nk->n", self.tables[0][users], self.tables[1][items])
        found = products + self.biases[0][users] + self.biases[1][items] + self.mean
        return float(np.sqrt(np.square(found - rows.target.numpy()).mean()))


def goal_of(learner: Any) -> tuple[float, int] | None:
    """Return `to_goal` of a fresh learner, its rate falling from epoch to epoch."""
    first, _, decay = TUNED[rule_of(learner)]
    n = learner.loader.train.n_rows

    def epoch(number: int) -> None:
        learner.fused.run(0, n, first * decay ** (number - 1), n * (number - 1))

    return to_goal(epoch, lambda: rmse(learner), GOAL)


def rule_of(learner: Any) -> str:
    """Return the name of a learner's optimizer."""
    name: str = learner.experiment.optimizer.name.rpartition(":")[2]
    return name


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 0, 1 where a limit is missed, 2 without the data."""
    return run("fused", "The fused engine beside C++.", ["ml-1m"], check, arguments)


def check(folders: list[Path], quick: bool) -> bool:
    """Print the tables; return whether every limit is kept."""
    print(versions("cornac"))
    place, data = Path(os.environ["CFBENCH_HOME"]), {"source": str(folders[0] / "ratings.dat")}
    kept = [print_epochs(data, 3 if quick else 15, (64,) if quick else SIZES), print_goal(data)]
    print_process(folders[0], place, 1 if quick else 5)
    kept.append(print_large(data, place, 1_000_000 if quick else 25_000_000, 1 if quick else 5))
    return all(kept)


def print_epochs(data: dict[str, Any], repeats: int, sizes: Sequence[int]) -> bool:
    """Print the time of an epoch for each size, rule and number of threads; return whether the limits are kept."""
    print("\nMovieLens 1M, 900 k rows: an epoch")
    loader, verdicts = None, []
    for k in sizes:
        works: dict[str, Callable[[], Any]] = {}
        firsts = {}
        for rule in TUNED:
            for threads in (1, 2):
                learner = fused_learner(data, k, rule, loader, threads)
                loader = learner.loader
                name = f"{rule}, k = {k}, {threads_of(threads)}"
                n = loader.train.n_rows
                firsts[name] = timed(functools.partial(learner.fused.run, 0, 1, 0.0), 1)[0]
                works[name] = functools.partial(learner.fused.run, 0, n, TUNED[rule][0] / 4, n)
        peers = {}
        if cornac is not None and k == 64:
            peers = {f"cornac MF (C++), k = {k}, {threads_of(t)}": Cornac(loader, k, t) for t in (1, 2)}
        found = in_turn({**{name: one.epoch for name, one in peers.items()}, **works}, repeats)
        beside = {name.rpartition(", ")[2]: statistics.median(found[name]) for name in peers}
        for name, seconds in found.items():
            note = f"{n / statistics.median(seconds) / 1e6:.0f} M ratings/s"
            if name in firsts:
                note += f", first call {firsts[name]:.2f} s"
            limit = LIMITS.get(name.partition(",")[0])
            if peers and limit and name in firsts:
                verdict, kept = judged(statistics.median(seconds) / beside[name.rpartition(", ")[2]], limit, "cornac")
                verdicts.append(kept)
                note += f"; {verdict}"
            line(name, seconds, note)
    if cornac is None:
        print("  cornac is not installed: pip install -r benchmarks/requirements.txt")
    return all(verdicts)


def print_goal(data: dict[str, Any]) -> bool:
    """Print the time to a valid RMSE; return whether the limit is kept."""
    print(f"\nMovieLens 1M, k = 64: training time to a valid RMSE of {GOAL}, measuring left out, warm")
    loader, best = None, math.inf
    for rule in TUNED:
        for threads in (1, 2):
            learner = fused_learner(data, 64, rule, loader, threads)
            loader = learner.loader
            reached = goal_of(learner)
            said = "not reached" if reached is None else f"{reached[0]:.3f} s, {reached[1]} epochs"
            print(f"  {rule}, {threads_of(threads)}: {said}", flush=True)
            best = min(best, reached[0] if reached else math.inf)
    if cornac is None or loader is None:
        return True
    theirs = math.inf
    for threads in (1, 2):
        one = Cornac(loader, 64, threads)
        reached = to_goal(one.falling, functools.partial(one.rmse, loader), GOAL)
        said = "not reached" if reached is None else f"{reached[0]:.3f} s, {reached[1]} epochs"
        print(f"  cornac, {threads_of(threads)}: {said}", flush=True)
        theirs = min(theirs, reached[0] if reached else math.inf)
    verdict, kept = judged(best / theirs, GOAL_LIMIT, "cornac's best")
    print(f"  the best of ours: {verdict}")
    return kept


def print_process(folder: Path, place: Path, repeats: int) -> None:
    """Print the time of a whole `cfbench train` on data that are in the cache, beyond that of importing torch."""
    file = place / "cold.toml"
    file.write_text(EXPERIMENT.format(source=folder / "ratings.dat"))
    command = [sys.executable, "-m", "cfbench", "train", str(file), "--here", "--json"]

    def process(arguments: Sequence[str]) -> Callable[[], Any]:
        return lambda: subprocess.run(arguments, check=True, capture_output=True, env=os.environ)

    print("\nMovieLens 1M, k = 64, sgd, 20 epochs: `cfbench train --here`, a process, data in the cache")
    works = {
        "cfbench train": process(command),
        "python -c 'import torch'": process([sys.executable, "-c", "import torch"]),
    }
    found = in_turn(works, repeats)
    for name, seconds in found.items():
        line(name, seconds)
    beyond = statistics.median(found["cfbench train"]) - statistics.median(found["python -c 'import torch'"])
    print(f"  beyond importing torch: {beyond:.2f} s (LIBMF's program on another machine: .29 s)")


def print_large(data: dict[str, Any], place: Path, n: int, repeats: int) -> bool:
    """Print the rate on invented ratings; return whether it falls by less than half."""
    print(f"\n{n / 1e6:g} M invented ratings, 160 k users, 59 k items, k = 64: an epoch")
    source = place / "large.parquet"
    began = time.perf_counter()
    write_interactions(source, n, 160_000, 59_000)
    print(f"  written in {time.perf_counter() - began:.1f} s", flush=True)
    learners: dict[str, Any] = {"small": None, "large": None}
    sources, kept = {"small": data, "large": {"source": str(source)}}, []
    for rule in LIMITS:
        for threads in (1, 2):
            works = {}
            for name, learner in learners.items():
                blocks = {"small": 16, "large": 64}[name]
                made = fused_learner(sources[name], 64, rule, learner and learner.loader, threads, blocks)
                learners[name], rows = made, made.loader.train.n_rows
                works[name] = functools.partial(made.fused.run, 0, rows, TUNED[rule][0] / 8, rows)
            found = in_turn(works, repeats)
            rates = {name: one.loader.train.n_rows / statistics.median(found[name]) for name, one in learners.items()}
            verdict, ok = judged(rates["large"] / rates["small"], 0.5, "the rate on ml-1m", most=False)
            kept.append(ok)
            line(f"{rule}, {threads_of(threads)}", found["large"], f"{rates['large'] / 1e6:.0f} M ratings/s; {verdict}")
    return all(kept)


if __name__ == "__main__":
    sys.exit(main())
