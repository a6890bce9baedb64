"""The paired comparison of two models that are equally good: how often it says that they are not.

    python -m benchmarks.published.paired

200 times two models' values of 300 users are drawn, skewed as NDCG is; users differ far more than the models do. At a
level of 5 % a test that keeps its word rejects 5 % of them; 200 repeats leave a standard error of 1.5.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.published.claims import Claim, report
from cfbench.explore.statistics import holm, paired

REPEATS, USERS, LEVEL = 200, 300, 0.05


def main() -> int:
    """Run it."""
    generator = np.random.default_rng(2026)
    rejected, outside, family = 0, 0, 0
    for repeat in range(REPEATS):
        users = generator.beta(0.6, 2.0, USERS)
        values = [np.clip(users + generator.normal(0, 0.1, USERS), 0, 1) for _ in range(4)]
        test = paired(values[0], values[1], repeat)
        assert test is not None
        rejected += test.p < LEVEL
        outside += not test.low <= 0 <= test.high
        every = [paired(values[a], values[b], repeat) for a in range(4) for b in range(a)]
        family += min(holm([one.p for one in every if one is not None])) < LEVEL
    claims = [
        Claim("paired t test, equal models, rejected, %", 5, 100 * rejected / REPEATS, 3, 1),
        Claim("bootstrap interval without 0, %", 5, 100 * outside / REPEATS, 3, 1),
        Claim("one of six by Holm, four equal models, %, at most", 0, 100 * family / REPEATS, 8, 1),
    ]
    return 0 if report("Two equal models, 200 repeats", "the level of the test itself", claims) else 1


if __name__ == "__main__":
    sys.exit(main())
