"""Ranking all items: MovieLens 1M beside the bare product and other evaluators; the first ten of a million items.

    python -m benchmarks.ranking [--quick] [--data FOLDER]

k = 64, 90 % of the rows are training, recall@20 and NDCG@10 of all users with a valid row, known items masked. The
product is that of all users with all items, as many users at a time as ours takes, and as many threads. Peers get the
same factors: implicit (Frederickson) ranks and measures at 20; LensKit (Ekstrand, CIKM 2020) makes lists of 20 from as
many factors of its own and measures them; ranx (Bassani, ECIR 2022) measures our lists of 100, the oracle of numbers.
"""

from __future__ import annotations

import functools
import statistics
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.fused import fused_learner
from benchmarks.measuring import in_turn, judged, line, peer, run, threads_of, versions
from benchmarks.textbook import torch_threads
from cfbench.experiment import metric
from cfbench.plugin import Factorization
from cfbench.training.ranking import rank

PRODUCT, IMPLICIT, LENSKIT, ONE_USER, SAME = 2.5, 3.0, 50.0, 1.5, 1e-6
METRICS = ("recall@20", "ndcg@10")


class Ours:
    """A trained model, and what is measured of it."""

    def __init__(self, folder: Path) -> None:
        from cfbench.loading.components import installed
        from cfbench.training.components import make_metrics

        self.learner = fused_learner({"source": str(folder / "ratings.dat")}, 64, "adagrad")
        rows = self.learner.loader.train.n_rows
        for epoch in range(3):
            self.learner.fused.run(0, rows, 0.08 * 0.9**epoch)
        self.learner.fused.settle()
        self.loader = self.learner.loader
        tables = tuple(metric(f"cfbench_metrics:{name}") for name in METRICS)
        self.metrics = make_metrics(msgspec.structs.replace(self.learner.experiment, metrics=tables), installed)
        self.tables: Factorization = self.learner.predictor.module.factorization()

    def evaluate(self) -> dict[str, float]:
        """Return the metrics, means over users."""
        ranked = rank(self.learner.predictor, self.loader, "valid")
        return {one.name: float(np.nanmean(one.target(ranked, one.params))) for one in self.metrics}

    def product(self) -> None:
        """Multiply all users with all items, some at a time, into the same place."""
        users, items = self.tables.user_factors.detach(), self.tables.item_factors.detach().T
        size = 2**19 // items.shape[1]
        into = torch.empty(size, items.shape[1])
        for start in range(0, len(users), size):
            chosen = users[start : start + size]
            torch.mm(chosen, items, out=into[: len(chosen)])

    def matrix(self, part: str) -> sp.csr_matrix:
        """Return a part's rows as ones, (users, items)."""
        rows = self.loader.rows(part)
        data = self.loader.interactions
        shape = len(self.loader.classes["user"]), len(self.loader.classes["item"])
        return sp.csr_matrix((np.ones(len(rows), np.float32), (data.user[rows], data.item[rows])), shape)

    def lists(self, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return users, and the first n items of each with their scores, masked as ours are."""
        users = np.unique(self.loader.interactions.user[self.loader.rows("valid")])
        scores = (
            self.tables.user_factors.detach()[users] @ self.tables.item_factors.detach().T
            + self.tables.item_bias.detach()
        )
        scores[torch.from_numpy(self.matrix("train")[users].toarray() > 0)] = -torch.inf
        scores[:, torch.from_numpy(~self.loader.encoder.seen["item"])] = -torch.inf
        found = scores.topk(n)
        return users, found.indices.numpy(), found.values.numpy()


def by_implicit(ours: Ours) -> Callable[[], Any] | None:
    """Return implicit's evaluation of the same factors."""
    if peer("implicit") is None:
        return None
    from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase
    from implicit.evaluation import ranking_metrics_at_k

    class Given(MatrixFactorizationBase):  # type: ignore[misc]
        def fit(self, *_: Any, **__: Any) -> None:
            """Nothing: the factors are given."""

        def save(self, file: Any) -> None:
            """Nothing."""

    model = Given()
    model.user_factors, model.item_factors = (
        table.detach().numpy().copy() for table in (ours.tables.user_factors, ours.tables.item_factors)
    )
    train, valid, threads = ours.matrix("train"), ours.matrix("valid"), torch.get_num_threads()
    return lambda: ranking_metrics_at_k(model, train, valid, K=20, show_progress=False, num_threads=threads)


def by_lenskit(ours: Ours) -> Callable[[], Any] | None:
    """Return LensKit's lists of 20 for all users, by biased factors of its own, and their measuring."""
    if peer("lenskit") is None:
        return None
    import pandas as pd
    from lenskit import batch
    from lenskit.als import BiasedMFScorer
    from lenskit.data import ItemListCollection, from_interactions_df
    from lenskit.metrics import NDCG, Recall, RunAnalysis
    from lenskit.pipeline import topn_pipeline

    data = ours.loader.interactions

    def frame(part: str) -> Any:
        rows = ours.loader.rows(part)
        columns = {"user_id": data.user[rows], "item_id": data.item[rows], "rating": data.target[rows]}
        return pd.DataFrame(columns)

    train, valid = frame("train"), frame("valid")
    pipeline = topn_pipeline(BiasedMFScorer(features=64, epochs=1))
    pipeline.train(from_interactions_df(train))
    wanted = ItemListCollection.from_df(valid, ["user_id"])
    analysis = RunAnalysis()
    analysis.add_metric(Recall(20))
    analysis.add_metric(NDCG(10))
    users = valid["user_id"].unique()
    return lambda: analysis.measure(batch.recommend(pipeline, users, 20, n_jobs=1), wanted)


def by_ranx(ours: Ours) -> dict[str, float] | None:
    """Return ranx's numbers."""
    if (ranx := peer("ranx")) is None:
        return None
    users, items, scores = ours.lists(100)
    asked = ours.loader.asked("valid")
    qrels, run = {}, {}
    for at, user in enumerate(users):
        own = slice(asked.starts[user], asked.starts[user + 1])
        qrels[f"u{user}"] = {f"i{item}": 1 for item in asked.items[own]}
        run[f"u{user}"] = {f"i{item}": float(score) for item, score in zip(items[at], scores[at], strict=True)}
    found = ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), list(METRICS))
    return {name: float(value) for name, value in found.items()}


def print_full(folder: Path, repeats: int, threads: int, quick: bool) -> bool:
    """Print the times of a full ranking; return whether the limits are kept."""
    print(f"\nMovieLens 1M, {threads_of(threads)}: recall@20 and NDCG@10 of all users")
    ours, kept = Ours(folder), []
    works: dict[str, Callable[[], Any]] = {"the product alone": ours.product, "cfbench": ours.evaluate}
    if (implicit := by_implicit(ours)) is not None:
        works["implicit, ranked and measured at 20"] = implicit
    found = in_turn(works, repeats)
    mine = statistics.median(found["cfbench"])
    for name, seconds in found.items():
        note = ""
        if name == "cfbench":
            note, ok = judged(mine / statistics.median(found["the product alone"]), PRODUCT, "the product")
            kept.append(ok)
        elif name.startswith("implicit"):
            note, ok = judged(statistics.median(seconds) / mine, IMPLICIT, "ours", most=False)
            kept.append(ok or threads == 1)  # the limit is of two
        line(name, seconds, note)
    if quick or threads > 1:
        return all(kept)
    if (lenskit := by_lenskit(ours)) is not None:
        seconds = in_turn({"lenskit": lenskit}, 1)["lenskit"]
        note, ok = judged(seconds[0] / mine, LENSKIT, "ours", most=False)
        kept.append(ok)
        line("LensKit, lists of 20 and their measuring", seconds, note)
    if (theirs := by_ranx(ours)) is not None:
        mine_too = ours.evaluate()
        for name in METRICS:
            apart = abs(theirs[name] - mine_too[name])
            kept.append(apart <= SAME)
            verdict = "ok" if kept[-1] else "MISSED"
            numbers = f"cfbench {mine_too[name]:.7f}, ranx {theirs[name]:.7f}, apart {apart:.1e} <= {SAME:g}"
            print(f"  {name}: {numbers} {verdict}")
    return all(kept)


def print_one_user(items: int, repeats: int, threads: int) -> bool:
    """Print the time for the first ten items of one user; return whether the limit is kept."""
    from cfbench.explore.factors import scores_of_user
    from cfbench.explore.recommending import first

    print(f"\nThe first 10 of {items:,} items x 64 for one user, {threads_of(threads)}")
    generator = torch.Generator().manual_seed(0)
    factors = torch.randn(items, 64, generator=generator) * 0.1
    own, bias = torch.randn(1, 64, generator=generator), torch.randn(items, generator=generator) * 0.1
    tables = Factorization(own, factors, torch.zeros(1), bias, 3.5, (0.0, 5.5))
    counts = np.ones(items, np.int32)
    seen = np.arange(0, items, 999, dtype=np.int32)
    works: dict[str, Callable[[], Any]] = {
        "matrix x vector alone": functools.partial(torch.mv, factors, own[0]),
        "cfbench": lambda: first(tables, scores_of_user(tables, 0), seen, counts < 1, 10),
    }
    found = in_turn(works, repeats)
    ratio = statistics.median(found["cfbench"]) / statistics.median(found["matrix x vector alone"])
    verdict, kept = judged(ratio, ONE_USER, "the product")
    for name, seconds in found.items():
        line(name, seconds, verdict if name == "cfbench" else "")
    return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 0, 1 where a limit is missed, 2 without the data."""
    return run("ranking", "Rankings, timed.", ["ml-1m"], check, arguments)


def check(folders: list[Path], quick: bool) -> bool:
    """Print the tables; return whether every limit is kept."""
    warnings.simplefilter("ignore")
    print(versions("implicit", "lenskit", "ranx"))
    kept = []
    for threads in (1, 2):
        with torch_threads(threads):
            kept.append(print_full(folders[0], 3 if quick else 15, threads, quick))
            kept.append(print_one_user(50_000 if quick else 1_000_000, 3 if quick else 25, threads))
    return all(kept)


if __name__ == "__main__":
    sys.exit(main())
