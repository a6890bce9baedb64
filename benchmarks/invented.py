"""Run folders that were never trained, and ratings that nobody gave, as many as wanted."""

import json
import random
from pathlib import Path

import numpy as np
import polars as pl

EXPERIMENT = """[data]
source = "cfbench_datasets:demo"

[model]
name = "cfbench_models:biased-dot-product"
n_factors = {n_factors}

[optimizer]
name = "cfbench_optimizers:adamw"
lr = {lr}
"""


def write_runs(folder: Path, count: int, epochs: int = 10, seed: int = 1) -> None:
    """Write finished runs of some epochs each into a runs folder."""
    drawn = random.Random(seed)  # noqa: S311
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(count):
        run = folder / f"20260101T{number // 3600:02}{number // 60 % 60:02}{number % 60:02}.000000Z-invented-{number}"
        run.mkdir()
        settings = {"n_factors": drawn.choice([10, 20, 50]), "lr": drawn.choice([0.001, 0.005, 0.01])}
        (run / "experiment.toml").write_text(EXPERIMENT.format(**settings))
        (run / "lock").touch()
        (run / "events.jsonl").write_text("".join(_events(number, epochs, drawn)))


def _events(number: int, epochs: int, drawn: random.Random) -> list[str]:
    at = 1_767_225_600.0 + number
    common = {"boot": "none", "mono": 0.0}
    about = {"data": "cfbench_datasets:demo", "model": "cfbench_models:biased-dot-product", "epochs": epochs}
    first = {"seq": 1, "event": "created", "format": 1, "run": f"{number:016x}", "time": at, "steps": 100 * epochs}
    same = {"group": "", "seed": 42, "fold": None, "early_stopping": 0, "split_hash": "0123456789abcdef"}
    created = {**first, **common, **about, **same}
    lines = [created]
    loss = 1.0
    for epoch in range(1, epochs + 1):
        loss *= drawn.uniform(0.9, 0.99)
        losses = {"train_loss": loss * 0.9, "valid_loss": loss, "metrics": {"rmse": loss**0.5}, "best": True}
        counts = {"seq": epoch + 1, "time": at + epoch, "epoch": epoch, "step": 100 * epoch, "rows_per_second": 50_000}
        lines.append({"event": "epoch", **common, **counts, **losses})
    end = {"seq": epochs + 2, "time": at + epochs, "step": 100 * epochs, "reason": ""}
    return [json.dumps(line) + "\n" for line in [*lines, {"event": "finished", **common, **end}]]


def write_interactions(file: Path, n: int, users: int, items: int, seed: int = 1) -> None:
    """Write ratings of half stars as Parquet; users are equally likely, items by Zipf's law, so pairs may repeat."""
    rng = np.random.default_rng(seed)
    item = np.searchsorted(_zipf(items), rng.random(n, np.float32)).astype(np.int32)
    columns = {
        "user": rng.integers(1, users + 1, n, np.int32),
        "item": rng.permutation(items).astype(np.int32)[item] + 1,
    }
    pl.DataFrame({**columns, "rating": rng.integers(1, 11, n, np.int8).astype(np.float32) / 2}).write_parquet(file)


def _zipf(items: int) -> np.ndarray:
    chances = 1 / np.arange(10, items + 10)
    return (chances.cumsum() / chances.sum()).astype(np.float32)
