"""A constant model and one that reads the valid rows, on MovieLens 100K u1: what cfbench says of them.

    python -m benchmarks.published.caught [--data FOLDER]

A constant model ranks by chance: of one item and 99 others, it stands among the first ten in 10 of 100 orders.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cfbench
from benchmarks.published.claims import Claim, report, run
from cfbench import paths

CHEAT = '''
import torch
from torch import nn
from cfbench.plugin import Model, hookimpl


class Cheat(nn.Module):
    """Reads the valid file behind everybody's back."""

    def __init__(self, info, params):
        super().__init__()
        self.register_buffer("table", torch.full((info.n_users, info.n_items), info.target_mean))

    def fit(self, data):
        users, items = {{}}, {{}}
        for name in ("{base}", "{test}"):
            for line in open(name):
                user, item, rating, _ = line.split()
                u, i = users.setdefault(user, len(users) + 1), items.setdefault(item, len(items) + 1)
                if name.endswith("test"):
                    self.table[u, i] = float(rating)

    def forward(self, x):
        return self.table[x[:, 0], x[:, 1]]

    def score(self, request):
        return self.table[request.users] + (self.table[request.users] != self.table[0, 0]) * 10


@hookimpl
def cfbench_models():
    return [Model("cheat", "Cheat", "reads the valid rows", Cheat, batches="none")]
'''


def check(folder: Path) -> bool:
    """Print the claims; return whether they hold."""
    base, test = (folder / f"u1.{part}" for part in ("base", "test"))
    plugins = paths.writable_folder("plugins")
    (plugins / "cheat.py").write_text(CHEAT.format(base=base, test=test))
    claims = []
    for model in ("global-mean", "cheat", "user-item-bias"):
        trained = cfbench.train(
            {
                "data": {"source": [str(base), str(test)]},
                "splitter": {"name": "predefined", "valid": ["u1.test"]},
                "model": {"name": model},
            }
        )
        measured = trained.evaluate(metrics=["rmse", "ndcg@10", "HR@10~99"])
        doubts = [finding for finding in measured.findings if "may have seen" in finding.mend]
        for finding in measured.findings:
            print(f"  {model}: {finding.what}; {finding.mend}")
        claims.append(
            Claim(f"{model}: findings that it may have seen valid", 2 * (model == "cheat"), len(doubts), 0, 0)
        )
        if model == "global-mean":
            claims.append(Claim("constant model, HR@10~99", 0.1, measured.metrics["hr@10~99"] or 0.0, 5e-4))
    return report("A constant model and a cheating one", "by definition", claims)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("caught", "Models that no comparison should believe.", "ml-100k", check, arguments)


if __name__ == "__main__":
    sys.exit(main())
