"""The autograd engine beside fastai's collab_learner (textbook run) and a torch DataLoader loop (MovieLens 1M).

    python -m benchmarks.autograd [--quick] [--data FOLDER]

Textbook run: MovieLens 100K by title, 5 epochs of one-cycle AdamW, batches of 64, 50 factors with biases and a range.
fastai: Howard, Gugger: fastai: a layered API for deep learning. Information 11(2), 2020. One thread each. Then the same
model, its weight held down by `l2` in the loss instead, by the fused engine, a row a step: valid errors side by side.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.learning import learner_of
from benchmarks.measuring import judged, line, peer, run, threads_of, timed, versions
from benchmarks.textbook import BIAS, RANGE, Plain, by_title
from cfbench.training.reproducible import reproducible

FASTER, FUSED_FASTER, SAME_MSE, EPOCH = 4.0, 50.0, 0.005, 0.25
FUSED = {
    "loader": {"batch_size": 1},
    "loss": {"name": "mse", "l2": 0.08},
    "optimizer": {"name": "adagrad", "lr": 0.06},
    "schedule": {"name": "one-cycle"},
    "training": {"engine": "fused", "epochs": 15, "device": "cpu"},
}


def by_fastai(folder: Path, epochs: int) -> tuple[float, float] | None:
    """Return seconds of the textbook's training, and its valid MSE."""
    if peer("fastai.collab") is None:
        return None
    import pandas as pd
    from fastai.collab import CollabDataLoaders, collab_learner

    ratings = pd.read_csv(folder / "u.data", sep="\t", header=None, names=["user", "movie", "rating", "time"])
    titles = pd.read_csv(
        folder / "u.item", sep="|", encoding="latin-1", usecols=(0, 1), names=("movie", "title"), header=None
    )
    loaders = CollabDataLoaders.from_df(ratings.merge(titles), item_name="title", bs=64, seed=1)
    learner = collab_learner(loaders, n_factors=50, y_range=RANGE)
    began = time.perf_counter()
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(epochs, 5e-3, wd=0.1)
        spent = time.perf_counter() - began
        return spent, float(learner.validate()[0])


def print_textbook(folder: Path, epochs: int, repeats: int) -> bool:
    """Print the textbook run; return whether the limits are kept."""
    print(f"\nTextbook run, MovieLens 100K, {epochs} epochs, 1 thread; valid is measured after each epoch")
    tables = by_title(BIAS, folder, 1, 1)
    tables["training"]["epochs"] = epochs
    seconds, learner = [], learner_of(tables)
    for _ in range(repeats):
        learner = learner_of(tables, learner.loader)
        seconds += timed(learner.fit, 1)
    errors = {"autograd": learner.progress.last["metrics"]["mse"]}
    fused = {**tables, **FUSED}
    fast, one = [], learner_of(fused)
    one.fused.put_in_order(0, True)
    one.fused.run(0, 1, 0.0)
    for _ in range(repeats):
        one = learner_of(fused, one.loader)
        fast += timed(one.fit, 1)
    errors["fused"] = one.progress.last["metrics"]["mse"]
    peers = [found for _ in range(max(1, repeats // 3)) if (found := by_fastai(folder, epochs))]
    line("cfbench, autograd", seconds, f"valid MSE {errors['autograd']:.4f}")
    line("cfbench, fused, adagrad + l2, 15 epochs", fast, f"valid MSE {errors['fused']:.4f}")
    if not peers:
        return True
    theirs = statistics.median(seconds for seconds, _ in peers)
    line("fastai", [spent for spent, _ in peers], f"valid MSE {peers[-1][1]:.4f} (rows of its own)")
    kept = []
    for name, ours, limit in (("autograd", seconds, FASTER), ("fused", fast, FUSED_FASTER)):
        verdict, ok = judged(theirs / statistics.median(ours), limit, f"{name}: as fast as fastai", most=False)
        print(f"  {verdict}")
        kept.append(ok)
    worse = errors["fused"] - errors["autograd"]
    kept.append(worse <= SAME_MSE)
    print(f"  fused's valid MSE less autograd's: {worse:+.4f} <= {SAME_MSE} {'ok' if kept[-1] else 'MISSED'}")
    return all(kept)


def print_large_batches(folder: Path, repeats: int, threads: int) -> bool:
    """Print an epoch with batches of 4096 and Adam; return whether the limit is kept."""
    print(f"\nMovieLens 1M, 900 k rows, k = 64, Adam, batches of 4096, {threads_of(threads)}: the steps of an epoch")
    learner = learner_of(
        {
            "data": {"source": str(folder / "ratings.dat")},
            "splitter": {"name": "random", "valid": 0.1},
            "loader": {"batch_size": 4096},
            "model": {"name": "biased-dot-product", "n_factors": 64},
            "optimizer": {"name": "adam", "lr": 0.005},
            "schedule": {"name": "constant"},
            "training": {"device": "cpu", "threads": threads},
        }
    )

    def epoch() -> None:
        for batch in learner.loader.train.batches(0):
            learner.step(batch)
        learner.progress.batch = 0

    with reproducible(threads):
        epoch()
        ours = timed(epoch, repeats)
        rows = learner.loader.train.all
        model = Plain(BIAS, len(learner.loader.classes["user"]), len(learner.loader.classes["item"]))
        optimizer = torch.optim.Adam(model.parameters(), 0.005)
        few = TensorDataset(*rows.x[:90_000].T, rows.target[:90_000])

        def loop() -> None:
            for user, item, rating in DataLoader(few, 4096, shuffle=True):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(model(user, item), rating).backward()
                optimizer.step()

        theirs = [seconds * rows.x.shape[0] / 90_000 for seconds in timed(loop, 1)]
    verdict, kept = judged(statistics.median(ours), EPOCH, "s an epoch", unit="")
    line("cfbench, autograd", ours, verdict)
    line("a DataLoader loop, from a tenth of its rows", theirs)
    return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 0, 1 where a limit is missed, 2 without the data."""
    return run("autograd", "The autograd engine, timed.", ["ml-100k", "ml-1m"], check, arguments)


def check(folders: list[Path], quick: bool) -> bool:
    """Print the tables; return whether every limit is kept."""
    warnings.simplefilter("ignore")
    print(versions("fastai"))
    torch.set_num_threads(1)
    small, large = folders
    # before fastai is loaded, which changes much of torch
    kept = [print_large_batches(large, 1 if quick else 5, threads) for threads in (1, 2)]
    kept.append(print_textbook(small, 1 if quick else 5, 1 if quick else 3))
    return all(kept)


if __name__ == "__main__":
    sys.exit(main())
