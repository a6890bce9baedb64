"""Implicit alternating least squares beside implicit's, on MovieLens 1M: the same objective, start and iterations.

    python -m benchmarks.als [--quick] [--data FOLDER]

implicit: Frederickson, https://github.com/benfred/implicit. Both solve by three steps of conjugate gradients a row, in
float32, each on one thread and on two; implicit's BLAS library is held to one thread of its own, as it advises.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.measuring import in_turn, judged, line, peer, run, threads_of, versions
from benchmarks.textbook import torch_threads
from cfbench.loading import history
from cfbench.plugin import FitData
from cfbench_models import ImplicitALSParams
from cfbench_models.alternating import ImplicitALS

TIME, SAME = 1.5, 1e-4
L2, ALPHA = 10.0, 1.0


def data_of(source: str) -> tuple[FitData, int, int]:
    """Return all rows, and how many codes of users and items there are."""
    from cfbench.data.importing import open_interactions
    from cfbench.experiment import parse
    from cfbench.runs.preparing import checked

    data = open_interactions(checked(parse({"data": {"source": source}})).data)
    n_users, n_items = len(data.classes["user"]), len(data.classes["item"])
    columns = np.array(data.user), np.array(data.item), np.array(data.target)
    return FitData(*columns, None, history.by_user(*columns, n_users)), n_users, n_items


def loss(users: np.ndarray, items: np.ndarray, data: FitData) -> float:
    """Return the objective, as `ImplicitALS` has it, in float64."""
    p, q = users.astype(np.float64), items.astype(np.float64)
    rows = data.by_user
    scores = np.einsum("nk,nk->n", p[history.owners(rows)], q[rows.items])
    everywhere = np.einsum("kl,kl->", p.T @ p, q.T @ q) - np.square(scores).sum()
    there = ((1 + ALPHA * rows.values) * np.square(1 - scores)).sum()
    return float(everywhere + there + L2 * (np.square(p).sum() + np.square(q).sum()))


def made(n_users: int, n_items: int, k: int, iterations: int) -> ImplicitALS:
    """Return an untrained model; its first values are the same each time."""
    info: Any = SimpleNamespace(
        n_users=n_users, n_items=n_items, generator=lambda name: torch.Generator().manual_seed(0)
    )
    return ImplicitALS(info, ImplicitALSParams(k, L2, ALPHA, iterations))


def print_times(data: FitData, shape: tuple[int, int], k: int, iterations: int, repeats: int, threads: int) -> bool:
    """Print the times of a training; return whether the limits are kept."""
    found: dict[str, Any] = {}

    def ours() -> None:
        found["cfbench"] = made(*shape, k, iterations)
        list(found["cfbench"].fit(data))

    works: dict[str, Callable[[], Any]] = {"cfbench": ours}
    if (implicit := peer("implicit.cpu.als")) is not None:
        rows = data.by_user
        table = sp.csr_matrix((1 + ALPHA * rows.values, rows.items, rows.starts), shape=shape)

        def theirs() -> None:
            start = made(*shape, k, 1)
            model = implicit.AlternatingLeastSquares(
                factors=k, regularization=L2, alpha=1.0, iterations=iterations, num_threads=threads
            )
            model.user_factors, model.item_factors = start.users.numpy().copy(), start.items.numpy().copy()
            model.fit(table, show_progress=False)
            found["implicit"] = model

        works["implicit"] = theirs
    print(f"\nMovieLens 1M, k = {k}, {iterations} iterations, {threads_of(threads)}")
    times, kept = in_turn(works, repeats), True
    for name, seconds in times.items():
        note = ""
        if name == "cfbench" and "implicit" in times:
            note, kept = judged(statistics.median(seconds) / statistics.median(times["implicit"]), TIME, "implicit")
        line(name, seconds, note)
    if "implicit" in found:
        mine = loss(found["cfbench"].users.numpy(), found["cfbench"].items.numpy(), data)
        other = loss(found["implicit"].user_factors, found["implicit"].item_factors, data)
        apart = abs(mine / other - 1)
        kept &= apart <= SAME
        verdict = "ok" if apart <= SAME else "MISSED"
        print(f"  loss: cfbench {mine:.2f}, implicit {other:.2f}, relatively apart {apart:.1e} <= {SAME:g} {verdict}")
    return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 0, 1 where a limit is missed, 2 without the data."""
    return run("als", "Alternating least squares, timed.", ["ml-1m"], check, arguments)


def check(folders: list[Path], quick: bool) -> bool:
    """Print the tables; return whether every limit is kept."""
    warnings.simplefilter("ignore")
    print(versions("implicit"))
    iterations, repeats = (1, 1) if quick else (15, 5)
    data, n_users, n_items = data_of(str(folders[0] / "ratings.dat"))
    kept = []
    for threads in (1, 2):
        with torch_threads(threads):
            kept.append(print_times(data, (n_users, n_items), 64, iterations, repeats, threads))
    return all(kept)


if __name__ == "__main__":
    sys.exit(main())
