"""The leave-one-out split of MovieLens 1M with 99 given negatives: baselines, what ties do, and what sampling hides.

    python -m benchmarks.published.leave_one_out [--data FOLDER]

Split and negatives: He et al.: Neural collaborative filtering. WWW 2017. That a sampled metric may prefer another model
than the full ranking: Krichene, Rendle: On sampled metrics for item recommendation. KDD 2020. Baselines: Steck, WWW
2019 (EASE); Cremonesi et al., RecSys 2010 (PureSVD). Popularity was published between two tie rules: every equal
candidate behind the test item, or before it, the test item itself among them where the file lists it among its own
negatives.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import cfbench
from benchmarks.published.claims import Claim, report, run
from cfbench import paths
from cfbench.explore.trained import Trained
from cfbench.loading.leaks import report as leaks
from cfbench.training.ranking import rank_among

SAMPLED, FULL = ("hr@10~99", "ndcg@10~99"), ("hr@10", "ndcg@10")
MODELS: dict[str, dict[str, Any]] = {
    "popularity": {"name": "popularity"},
    "EASE l2 = 500": {"name": "ease", "l2": 500.0},
    "EASE l2 = 1000": {"name": "ease", "l2": 1000.0},
    "PureSVD k = 50": {"name": "pure-svd", "n_factors": 50},
    "PureSVD k = 128": {"name": "pure-svd", "n_factors": 128},
}


def experiment(folder: Path, model: dict[str, Any]) -> dict[str, Any]:
    """Return a model's experiment on the published split; without the times of test, as train has none."""
    test = paths.writable_folder("datasets") / "test.rating"
    lines = (folder / "ncf" / "ml-1m.test.rating").read_text().splitlines()
    test.write_text("".join("\t".join(line.split("\t")[:3]) + "\n" for line in lines))
    return {
        "data": {
            "source": [str(folder / "ncf" / "ml-1m.train.rating.gz"), str(test)],
            "user": "column_1",
            "item": "column_2",
            "target": "column_3",
            "candidates": str(folder / "ncf" / "ml-1m.test.negative.gz"),
        },
        "splitter": {"name": "predefined"},
        "model": model,
        "metrics": [*SAMPLED, *FULL],
    }


def between_ties(trained: Trained) -> tuple[list[float], list[float]]:
    """Return HR@10~99 and NDCG@10~99 with every equal candidate behind the item, and with every one before it.

    In the latter the item counts as its own rival where it stands among its negatives, as it was published.
    """
    given = trained.loader.candidates("valid")
    assert given is not None
    ranked = rank_among(trained.predictor, trained.loader, "valid", given)
    own = (given == trained.loader.interactions.item[trained.loader.rows("valid")][:, None]).any(1)
    return _values(ranked.above), _values(ranked.above + ranked.equal - 1 + own)


def _values(place: np.ndarray) -> list[float]:
    inside = place < 10
    return [float(inside.mean()), float(np.where(inside, 1 / np.log2(place + 2), 0).mean())]


def check(folder: Path) -> bool:
    """Print the claims, the leak report and the flip; return whether they hold."""
    trained, values = {}, {}
    for name, model in MODELS.items():
        trained[name] = cfbench.train(experiment(folder, model))
        values[name] = trained[name].history[-1]["metrics"]
    ties = {name: between_ties(trained[name]) for name in ("popularity", "EASE l2 = 1000")}
    claims = []
    for name, published in (
        ("popularity", ((0.4538, 0.4520), (0.2545, 0.2526))),
        ("EASE l2 = 1000", ((0.7182, 0.7177), (0.4511, 0.4483))),
    ):
        for number, (label, (best, worst)) in enumerate(zip(SAMPLED, published, strict=True)):
            claims.append(Claim(f"{name}, {label}, ties behind", best, ties[name][0][number], 5e-5))
            claims.append(Claim(f"{name}, {label}, ties and itself before", worst, ties[name][1][number], 5e-5))
            claims.append(Claim(f"{name}, {label}, by expectation", best, values[name][label], 5e-5, to=worst))
    for label, published, tolerance in (("hr@10~99", 0.6965, 5e-5), ("ndcg@10~99", 0.432, 5e-4)):
        claims.append(Claim(f"PureSVD k = 50, {label}", published, values["PureSVD k = 50"][label], tolerance))
    findings = leaks(trained["popularity"].loader)
    own = sum(int(one.what.split()[0]) for one in findings if "itself among the candidates" in one.what)
    claims.append(Claim("leak report: rows with the item among its negatives", 156, own, 0, 0))
    kept = report("MovieLens 1M, leave-one-out, 99 given negatives", "He et al., WWW 2017; Steck, WWW 2019", claims)
    return flips(values) and kept


def flips(values: dict[str, dict[str, float]]) -> bool:
    """Print which setting each metric prefers; return whether sampled and full ranking differ, as published."""
    print("Which setting is better?\n  Krichene, Rendle, KDD 2020")
    print(f"  {'':<18}" + "".join(f"{label:>13}" for label in (*SAMPLED, *FULL)))
    preferred = {}
    for pair in (("EASE l2 = 500", "EASE l2 = 1000"), ("PureSVD k = 50", "PureSVD k = 128")):
        best = {label: max(pair, key=lambda name: values[name][label]) for label in (*SAMPLED, *FULL)}
        preferred |= {(pair, label): name for label, name in best.items()}
        for name in pair:
            cells = (f"{values[name][label]:.4f}{' *' if best[label] == name else '  '}" for label in best)
            print(f"  {name:<18}" + "".join(f"{cell:>13}" for cell in cells))
    wanted = {"EASE l2 = 1000", "PureSVD k = 50"}
    flipped = all((name in wanted) == ("~" in label) for (_, label), name in preferred.items())
    print(f"  * the better of two; {'sampled and full ranking disagree: ok' if flipped else 'no flip: MISSED'}\n")
    return flipped


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("leave_one_out", "Leave-one-out with given negatives.", "ml-1m", check, arguments)


if __name__ == "__main__":
    sys.exit(main())
