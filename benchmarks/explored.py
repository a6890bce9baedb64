"""What Explore says of a trained model, where the answer is known: by the textbook, by planting it, by definition.

    python -m benchmarks.explored [--quick] [--data FOLDER]

On MovieLens 100K, the textbook's run (`benchmarks.textbook`): the films with extreme biases that its chapter 8 names;
fold-in beside the trained factors on the same valid ratings; the map's frames, one an epoch; what an agent sends for a
screen of 140 x 40 cells; the terms of explained scores.

On `synthetic`, 2,000 users x 1,000 items, a fifth of all pairs, five planted factors of equal strength and no noise but
the rounding to half stars: the planted space of items is found again, its size is measured and picked. Trained by row
AdaGrad with the fused engine, l2 the best of .01, .02, .03. Both spaces are centred, as item biases hold a mean.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import subspace_angles

import cfbench
from benchmarks.measuring import MISSED, run, timed, told, versions
from benchmarks.textbook import BIAS, EPOCHS, by_title
from cfbench import paths
from cfbench.agent.local import LocalBench
from cfbench.bench.wire import Request, Response, greeting, packed
from cfbench.experiment import parse
from cfbench.explore.biases import biases
from cfbench.explore.explaining import explain
from cfbench.explore.factors import factors_of, scores_of_vector, squashed, tables_of
from cfbench.explore.folding import Prior, fold, prior
from cfbench.explore.mapping import factor_map
from cfbench.explore.principal import components, turned
from cfbench.explore.ranking import highest
from cfbench.explore.recommending import first
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization
from cfbench.runs.launching import train_here
from cfbench.runs.preparing import checked, prepare

LOWEST = ("Children of the Corn: The Gathering", "Lawnmower Man 2")
HIGHEST = ("Titanic", "Schindler's List", "Shawshank")

SEED = 1
PLANTED = 5
ANGLE = 5.0
APART = 1

FOLD_USERS, FOLD_LIMIT = 200, 0.02
ITEMS, FACTORS, RATED, TIMES, MILLISECONDS = 20_000, 64, 50, 50, 10.0
TURNED, MOVED = 1e-9, 0.1
COLUMNS, ROWS = 140, 40
SCREENFUL = COLUMNS * ROWS * 4
PAIRS, SUMS = 200, 1e-5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Size:
    """How much is done.

    Attributes:
        epochs: of the textbook's run.
        synthetic: parameters of the data with planted factors.
        factors: the numbers that are tried, the largest first.
        users: that are folded in.
        pairs: that are explained.
        times: that fold-in is timed.
    """

    epochs: int
    synthetic: dict[str, Any]
    factors: tuple[int, ...]
    users: int
    pairs: int
    times: int


def planted(users: int, items: int) -> dict[str, Any]:
    return {"rows": users * items // 5, "users": users, "items": items, "n_factors": PLANTED, "noise": 0.0}


WHOLE = Size(EPOCHS, planted(2000, 1000), tuple(range(10, 0, -1)), FOLD_USERS, PAIRS, TIMES)
QUICK = Size(2, planted(2000, 1000), (6, 5, 4), 20, 20, 5)


def line(what: str, found: str, limit: str, kept: bool) -> bool:
    """Print a line with its limit; return whether it is kept."""
    print(f"  {what:<80}{found:<36}{limit:<13}{'ok' if kept else MISSED}", flush=True)
    return kept


# -- the textbook's run --


def textbook_run(folder: Path, epochs: int) -> tuple[Trained, list[Trained]]:
    """Train the textbook's setting; return what was learned, and each epoch's checkpoint, the untrained one first."""
    tables = by_title(BIAS, folder, SEED, 1)
    tables["training"]["epochs"] = epochs
    made = prepare(checked(parse(tables)))
    frames: list[Trained] = []

    def look(event: dict[str, Any]) -> None:
        if event["event"] == "checkpoint":
            frames.append(Trained(made))

    train_here(made, look)
    trained = cfbench.load(str(made.path))
    return trained, list({one.step: one for one in frames}.values())


def check_biases(trained: Trained) -> list[bool]:
    ends = biases(trained, "item", 5)
    kept = []
    for name, found, wanted in (("lowest", ends.bottom, LOWEST), ("highest", ends.top, HIGHEST)):
        print(f"  {name}: " + "; ".join(f"{one.title} {one.value:+.2f}" for one in found))
        hits = [title for title in wanted if any(title in one.title for one in found)]
        kept.append(
            line(f"of the five {name}: {', '.join(wanted)}", f"{len(hits)} of {len(wanted)}", ">= 1", bool(hits))
        )
    return kept


def check_folding(trained: Trained, n: int) -> list[bool]:
    """Fold users in from their own training ratings, and predict their valid ones."""
    tables, known, loader = tables_of(trained), prior(trained), trained.loader
    data, valid = loader.interactions, loader.rows("valid")
    rows = valid[(trained.counts["user"][data.user[valid]] > 0) & (trained.counts["item"][data.item[valid]] > 0)]
    chosen = np.random.default_rng(1).choice(np.unique(data.user[rows]), n, replace=False)
    folded, learned = [], []
    for user in chosen.tolist():
        own, asked = loader.training_rows(user), rows[data.user[rows] == user]
        found = fold(tables, known, data.item[own].astype(np.int64), data.target[own].astype(np.float64))
        vector = torch.from_numpy(found.factors).to(tables.item_factors.dtype)
        predicted = squashed(tables, scores_of_vector(tables, vector, found.bias))[data.item[asked]]
        folded.append(predicted - data.target[asked])
        learned.append(trained.score({"user": data.user[asked], "item": data.item[asked]}) - data.target[asked])
    new, old = (float(np.sqrt(np.mean(np.concatenate(errors) ** 2))) for errors in (folded, learned))
    what = f"fold-in of {n} users: valid RMSE less that of the trained factors"
    return [line(what, f"{new:.4f} - {old:.4f} = {new - old:+.4f}", f"<= {FOLD_LIMIT}", new - old <= FOLD_LIMIT)]


def check_folding_time(times: int) -> list[bool]:
    """Time fold-in, scores of all items and the first ten, on tables that are drawn."""
    generator, rng = torch.Generator().manual_seed(1), np.random.default_rng(1)
    labels = [f"item {n}" for n in range(ITEMS)]
    catalogue: Any = SimpleNamespace(classes={"item": labels, "title": labels}, counts={"item": np.ones(ITEMS, int)})
    known = Prior(np.zeros(FACTORS + 1), np.eye(FACTORS + 1), 0.8)
    hidden = np.zeros(ITEMS, bool)
    kept = []
    for name, y_range in (("with a range", (0.5, 5.5)), ("without a range", None)):
        vectors = torch.randn(ITEMS, FACTORS, generator=generator) * 0.3
        bias = torch.randn(ITEMS, generator=generator) * 0.3
        tables = Factorization(vectors[:1], vectors, bias[:1], bias, 0.2, y_range)

        def work(tables: Factorization = tables) -> None:
            items = rng.choice(ITEMS, RATED, replace=False)
            found = fold(tables, known, items, rng.integers(1, 6, RATED).astype(np.float64))
            scores = scores_of_vector(tables, torch.from_numpy(found.factors).float(), found.bias)
            codes, predicted, _ = first(tables, scores, items.astype(np.int32), hidden, 10)
            assert len(highest(catalogue, "item", codes, predicted, 10)) == 10

        work()
        seconds = timed(work, times)
        most = statistics.median(seconds) * 1e3
        what = f"fold-in, scores, first 10: {ITEMS:,} items x {FACTORS}, {RATED} ratings, {name}"
        kept.append(line(what, told(seconds), f"<= {MILLISECONDS:g} ms", most <= MILLISECONDS))
    return kept


def check_turning(trained: Trained) -> list[bool]:
    """Turn, mirror and reorder the factors; see whether the map's components come back."""
    rng = np.random.default_rng(1)
    vectors = factors_of(tables_of(trained), "item")[trained.counts["item"] > 0]
    k = vectors.shape[1]
    before = components(vectors, 2).coordinates
    turn, _ = np.linalg.qr(rng.standard_normal((k, k)))
    changed = {
        "turned": vectors @ turn,
        "mirrored": vectors * rng.choice([-1.0, 1.0], k),
        "reordered": vectors[:, rng.permutation(k)],
    }
    most = max(float(np.abs(turned(components(one, 2).coordinates, before) - before).max()) for one in changed.values())
    plane = before @ np.linalg.qr(rng.standard_normal((2, 2)))[0]
    most = max(most, float(np.abs(turned(plane, before) - before).max()))
    return [
        line(
            f"the map of factors {', '.join(changed)}: largest difference",
            f"{most:.1e}",
            f"<= {TURNED:g}",
            most <= TURNED,
        )
    ]


def check_frames(frames: Sequence[Trained]) -> list[bool]:
    moves = [factor_map(one, follow=True).median_move for one in frames]
    kept = []
    for epoch, move in enumerate(moves):
        if move is not None:
            limit = f"< {MOVED}" if epoch > 1 else "none"
            kept.append(
                line(
                    f"median move of epoch {epoch}'s frame, of the map's width",
                    f"{move:.4f}",
                    limit,
                    epoch < 2 or move < MOVED,
                )
            )
    return kept


def check_explaining(trained: Trained, n: int) -> list[bool]:
    rng = np.random.default_rng(1)
    users, items = (
        [trained.classes[side][code] for code in rng.choice(np.flatnonzero(trained.counts[side]), n).tolist()]
        for side in ("user", "item")
    )
    predicted = trained.predict(users, items)
    sums, predictions = [], []
    for user, item, value in zip(users, items, predicted.tolist(), strict=True):
        found = explain(trained, user, item)
        sums.append(abs(sum(term.value for term in found.terms) - found.score))
        predictions.append(abs(found.prediction - value))
    what = f"{n} explanations: largest difference of"
    return [
        line(f"{what} the terms' sum and the score", f"{max(sums):.1e}", f"<= {SUMS:g}", max(sums) <= SUMS),
        line(
            f"{what} the prediction and predict()", f"{max(predictions):.1e}", f"<= {SUMS:g}", max(predictions) <= SUMS
        ),
    ]


# -- an agent's answers --


class Wire:
    """An agent as a child process; each answer as the bytes that it sent."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "cfbench", "agent"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._asked = 0
        while greeting(self._line(), "agent") is None:
            continue

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise RuntimeError("the agent ended")
        return line

    def ask(self, method: str, **params: Any) -> bytes:
        assert self._process.stdin is not None
        self._asked += 1
        self._process.stdin.write(msgspec.json.encode(Request(method, packed(method, (), params), self._asked)) + b"\n")
        self._process.stdin.flush()
        answer = self._line()
        if fault := msgspec.json.decode(answer, type=Response).error:
            raise RuntimeError(f"{method}: {fault.message}")
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)


@contextmanager
def agent() -> Iterator[Wire]:
    wire = Wire()
    try:
        yield wire
    finally:
        wire.close()


def check_bytes(trained: Trained) -> list[bool]:
    """Ask each question of Explore as a screen of 140 x 40 does."""
    code = {side: int(trained.counts[side].argmax()) for side in ("user", "item")}
    user, title = trained.classes["user"][code["user"]], trained.classes["title"][code["item"]]
    questions: list[tuple[str, dict[str, Any]]] = [
        ("recommend", {"user": user, "count": ROWS}),
        ("biases", {"count": ROWS}),
        ("similar", {"name": title, "count": ROWS}),
        ("explain", {"user": user, "item": title}),
        ("factor_map", {"columns": 272, "rows": 136}),
        ("predicted_tab", {"n_users": 15, "n_items": 10}),
        ("one_step", {"size": 8, "shown": 10}),
        ("dimensions", {}),
        ("errors", {}),
        ("search", {"field": "title", "contains": "the", "count": 50}),
    ]
    kept = []
    with agent() as wire:
        for method, params in questions:
            began = time.perf_counter()
            size = len(wire.ask(method, run=trained.run.id, **params))
            said = ", ".join(f"{key} {value}" for key, value in params.items() if isinstance(value, int))
            seconds = time.perf_counter() - began
            what = f"{method}{f', {said}' if said else ''}"
            found = f"{size:,} bytes, {seconds * 1e3:.0f} ms"
            kept.append(line(what, found, f"<= {SCREENFUL:,}", size <= SCREENFUL))
    return kept


# -- planted factors --


def on_planted(size: Size, n_factors: int) -> dict[str, Any]:
    return {
        "data": {"source": "synthetic", "params": size.synthetic},
        "splitter": {"name": "random", "valid": 0.2},
        "loader": {"batch_size": 1},
        "model": {"name": "biased-dot-product", "n_factors": n_factors, "init_sd": 0.1},
        "loss": {"name": "mse", "l2": 0.01},
        "optimizer": {"name": "adagrad", "lr": 0.1},
        "training": {"engine": "fused", "epochs": 20, "device": "cpu", "threads": 1},
        "metrics": ["rmse"],
    }


def space_of_scores(trained: Trained, n: int) -> Floats:
    """Return the n directions of items in which the scores vary most, their means taken off, (n_items, n)."""
    tables = tables_of(trained)
    users, items = (factors_of(tables, side)[trained.counts[side] > 0] for side in ("user", "item"))
    _, stretch, axes = np.linalg.svd(users - users.mean(0), full_matrices=False)
    directions, _, _ = np.linalg.svd((items - items.mean(0)) @ (axes.T * stretch), full_matrices=False)
    return directions[:, :n]


def planted_items(trained: Trained) -> tuple[Floats, float]:
    """Return the planted factors of the items that training saw, centred, and the RMSE that the truth itself has."""
    (folder,) = paths.folder("datasets").glob("synthetic-*")
    codes = np.flatnonzero(trained.counts["item"])
    ids = np.array([int(trained.classes["item"][code]) for code in codes.tolist()])
    factors = np.load(folder / "truth.npz")["item_factors"][ids - 1].astype(np.float64)
    return factors - factors.mean(0), float(json.loads((folder / "truth.json").read_text())["rmse_of_truth"])


def check_planted(size: Size) -> list[bool]:
    most, *others = size.factors
    trained = cfbench.train(on_planted(size, most))
    bench = LocalBench()
    started = bench.sweep(trained.run.id, others)
    while any(bench.run(one).state not in ("finished", "failed", "lost", "stopped") for one in started):
        time.sleep(0.2)
    found = bench.dimensions(trained.run.id)
    exact = next(cfbench.load(one.run) for one in found.tried if one.n_factors == PLANTED)
    truth, rmse = planted_items(trained)
    vectors = factors_of(tables_of(exact), "item")[exact.counts["item"] > 0]
    print(f"  RMSE of the truth itself, from rounding: {rmse:.4f}; valid {found.metric} ± one standard error:")
    print("  " + "  ".join(f"{one.n_factors}: {one.value:.4f}" for one in found.tried))
    print(f"  {'':<4}± " + "  ".join(f"{one.n_factors}: {one.se or 0:.4f}" for one in found.tried))
    print("  shares of the scores' variance: " + " ".join(f"{share:.4f}" for share in found.shares[:8]))
    kept = []
    for what, learned in (
        (f"{most} factors: angles of the scores' leading {PLANTED} directions", space_of_scores(trained, PLANTED)),
        (f"{PLANTED} factors: angles of the items' vectors", vectors - vectors.mean(0)),
    ):
        angles = np.degrees(subspace_angles(learned, truth))
        said = " ".join(f"{angle:.1f}" for angle in angles)
        kept.append(line(f"{what} to the planted ones", f"{said} degrees", f"< {ANGLE:g}", angles.max() < ANGLE))
    limit = f"{PLANTED} ± {APART}"
    kept.append(
        line(
            f"{most} factors: effective rank", f"{found.effective:.2f}", limit, abs(found.effective - PLANTED) <= APART
        )
    )
    picked = found.picked or 0
    tried = f"{min(size.factors)} to {max(size.factors)}"
    kept.append(line(f"picked of {tried} by one standard error", str(picked), limit, abs(picked - PLANTED) <= APART))
    return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every line; return 0, 1 where a limit is missed, 2 without the data."""
    return run("explored", "What Explore says, where the answer is known.", ["ml-100k"], check, arguments)


def check(folders: list[Path], quick: bool) -> bool:
    """Print every line; return whether each limit is kept."""
    size = QUICK if quick else WHOLE
    print(versions())
    print(f"\nMovieLens 100K, the textbook's run, seed {SEED}, {size.epochs} epochs", flush=True)
    trained, frames = textbook_run(folders[0], size.epochs)
    print("\nBiases")
    kept = check_biases(trained)
    print("\nFold-in")
    kept += check_folding(trained, size.users) + check_folding_time(size.times)
    print("\nThe live map")
    kept += check_turning(trained) + check_frames(frames)
    print("\nExplanations")
    kept += check_explaining(trained, size.pairs)
    print(f"\nWhat an agent sends for a screen of {COLUMNS} x {ROWS}; milliseconds are shown and not judged")
    kept += check_bytes(trained)
    print(f"\nPlanted factors: {size.synthetic['users']:,} users x {size.synthetic['items']:,} items", flush=True)
    kept += check_planted(size)
    print(f"\n{'every limit is kept' if all(kept) else f'{MISSED}: {kept.count(False)} of {len(kept)} lines'}")
    return all(kept)


if __name__ == "__main__":
    sys.exit(main())
