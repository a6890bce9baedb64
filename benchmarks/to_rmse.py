"""The time to an equal error: Surprise's SVD and LensKit's BiasedMF on MovieLens 1M, then ours until it is as good.

    python -m benchmarks.to_rmse [--quick] [--data FOLDER]

Surprise: Hug, JOSS 5(52), 2020: 20 epochs of SGD, 100 factors, its defaults. LensKit: Ekstrand, CIKM 2020: alternating
least squares, 64 factors, its defaults. Each trains on 90 % of the rows; ours is trained until its valid RMSE is as
low, by the fused engine on one thread. The training is timed: reading, compiling and measuring are left out for all.
"""

from __future__ import annotations

import functools
import math
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fused import TUNED, fused_learner
from benchmarks.learning import rmse, to_goal
from benchmarks.measuring import judged, peer, run, timed, versions

LIMITS = {"Surprise SVD": 50.0, "LensKit BiasedMF": 5.0}


def frame_of(loader: Any, part: str) -> Any:
    """Return a part's rows as a pandas frame."""
    import pandas as pd

    rows, data = loader.rows(part), loader.interactions
    return pd.DataFrame({"user_id": data.user[rows], "item_id": data.item[rows], "rating": data.target[rows]})


def by_surprise(loader: Any, quick: bool) -> tuple[float, float] | None:
    """Return the seconds and the valid RMSE of Surprise's SVD."""
    if (surprise := peer("surprise")) is None:
        return None
    train = surprise.Dataset.load_from_df(frame_of(loader, "train"), surprise.Reader(rating_scale=(1, 5)))
    whole = train.build_full_trainset()
    model = surprise.SVD(n_epochs=1 if quick else 20, random_state=1)
    (seconds,) = timed(functools.partial(model.fit, whole), 1)
    found = model.test(list(frame_of(loader, "valid").itertuples(index=False, name=None)))
    return seconds, math.sqrt(np.mean([(one.r_ui - one.est) ** 2 for one in found]))


def by_lenskit(loader: Any, quick: bool) -> tuple[float, float] | None:
    """Return the seconds and the valid RMSE of LensKit's BiasedMF."""
    if peer("lenskit") is None:
        return None
    from lenskit.als import BiasedMFScorer
    from lenskit.data import ItemList, from_interactions_df

    data = from_interactions_df(frame_of(loader, "train"))
    BiasedMFScorer(features=8, epochs=1).train(data)
    model = BiasedMFScorer(features=64, epochs=1 if quick else 10)
    (seconds,) = timed(functools.partial(model.train, data), 1)
    squares: list[float] = []
    for user, rows in frame_of(loader, "valid").groupby("user_id"):
        scores = model(user, ItemList(item_ids=rows["item_id"].to_numpy())).scores()
        squares += np.square(scores - rows["rating"].to_numpy()).tolist()
    return seconds, math.sqrt(np.nanmean(squares))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 0, 1 where a limit is missed, 2 without the data."""
    return run("to_rmse", "The time to an equal error.", ["ml-1m"], check, arguments)


def check(folders: list[Path], quick: bool) -> bool:
    """Print the tables; return whether every limit is kept."""
    warnings.simplefilter("ignore")
    print(versions("scikit-surprise", "lenskit"))
    print("\nMovieLens 1M, 900 k rows: training time to an equal valid RMSE")
    kept = []
    data = {"source": str(folders[0] / "ratings.dat")}
    loader = fused_learner(data, 64, "adagrad").loader
    peers: dict[str, Callable[[Any, bool], tuple[float, float] | None]] = {
        "Surprise SVD": by_surprise,
        "LensKit BiasedMF": by_lenskit,
    }
    for name, work in peers.items():
        if (found := work(loader, quick)) is None:
            continue
        seconds, goal = found
        print(f"  {name}: {seconds:.2f} s to {goal:.4f}", flush=True)
        learner = fused_learner(data, 64, "adagrad", loader)
        learner.fused.run(0, 1, 0.0)
        first, _, decay = TUNED["adagrad"]
        epoch = functools.partial(_epoch, learner, first, decay)
        reached = to_goal(epoch, functools.partial(rmse, learner), goal)
        if reached is None:
            print("  cfbench, fused, adagrad: not reached")
            kept.append(False)
            continue
        verdict, ok = judged(seconds / reached[0], LIMITS[name], f"as fast as {name}", most=False)
        print(f"  cfbench, fused, adagrad: {reached[0]:.3f} s, {reached[1]} epochs; {verdict}", flush=True)
        kept.append(ok)
    return all(kept)


def _epoch(learner: Any, first: float, decay: float, number: int) -> None:
    learner.fused.run(0, learner.loader.train.n_rows, first * decay ** (number - 1))


if __name__ == "__main__":
    sys.exit(main())
