"""Run folders that were never trained, as many as wanted: for measuring lists."""

import json
import random
from pathlib import Path

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
