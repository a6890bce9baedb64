"""Global mean and damped biases on the five published folds of MovieLens 100K.

    python -m benchmarks.published.biases [--data FOLDER]

Folds: Harper, Konstan: The MovieLens datasets. ACM TiiS 5(4), 2015. Biases: Koren: Factor in the neighbors. ACM TKDD
4(1), 2010, section 2.1, damping 15 for users and 10 for items, solved in turns until they stay as they are (the
baseline of Surprise: Hug, JOSS 5(52), 2020). The means on single folds are the roots of mean((rating - mean of the
other four)²), which a spreadsheet gives too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import cfbench
from benchmarks.published.claims import Claim, report, run

MEANS = (1.153676, 1.130664, 1.111582, 1.113294, 1.118675)


def measured(folder: Path, fold: int, model: str) -> dict[str, float]:
    """Return RMSE and MAE of a model on a published fold."""
    sources = [str(folder / f"u{fold}.{part}") for part in ("base", "test")]
    trained = cfbench.train(
        {
            "data": {"source": sources},
            "splitter": {"name": "predefined", "valid": [f"u{fold}.test"]},
            "model": {"name": model},
            "metrics": ["rmse", "mae"],
        }
    )
    return {name: value for name, value in trained.history[-1]["metrics"].items() if value is not None}


def check(folder: Path) -> bool:
    """Print the claims; return whether they hold."""
    means = [measured(folder, fold, "global-mean") for fold in range(1, 6)]
    biases = [measured(folder, fold, "user-item-bias") for fold in range(1, 6)]
    claims = [
        Claim(f"global mean, RMSE of u{fold}", published, one["rmse"], 5e-7, 6)
        for fold, (published, one) in enumerate(zip(MEANS, means, strict=True), 1)
    ]
    claims += [
        Claim("global mean, RMSE, mean of u1 to u5", 1.1256, fmean(one["rmse"] for one in means), 5e-5),
        Claim("user + item bias, RMSE, mean of u1 to u5", 0.9457, fmean(one["rmse"] for one in biases), 5e-5),
        Claim("user + item bias, MAE, mean of u1 to u5", 0.7499, fmean(one["mae"] for one in biases), 5e-5),
    ]
    return report("MovieLens 100K, published folds", "Koren, ACM TKDD 4(1), 2010; Hug, JOSS 5(52), 2020", claims)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("biases", "Global mean and biases on published folds.", "ml-100k", check, arguments)


if __name__ == "__main__":
    sys.exit(main())
