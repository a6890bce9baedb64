"""The built-in metrics."""

from dataclasses import dataclass
from typing import Annotated, Literal

from cfbench.plugin import Advanced, Choices, Help, Metric, Range, hookimpl

Length = Annotated[int, Range(1, 10_000), Help("how many places of a list count")]
Least = Annotated[
    float | None, Advanced(), Help("rows of the part with a smaller target are not relevant; none: every row is")
]
Candidates = Annotated[
    int,
    Range(0, 100_000),
    Help("rank each relevant item among so many drawn ones alone, as in HR@10~99; 0: among all items"),
]


@dataclass(frozen=True)
class RankingParams:
    """Parameters of a metric of the first k places."""

    k: Length = 10
    candidates: Candidates = 0
    relevant: Least = None


@dataclass(frozen=True)
class NDCGParams(RankingParams):
    """Parameters of the normalised discounted cumulative gain."""

    gain: Annotated[
        Literal["one", "target", "exponential"],
        Choices("one", "target", "exponential"),
        Help("what a relevant item is worth: 1, its target, or 2 ** target - 1"),
    ] = "one"


@dataclass(frozen=True)
class AUCParams:
    """Parameters of the area under the ROC curve."""

    candidates: Candidates = 0
    relevant: Least = None


@dataclass(frozen=True)
class ListParams:
    """Parameters of a metric of all lists together."""

    k: Length = 10


_NOBODY = "left out of the mean"
_TIES = "the mean over all orders of items with equal scores"
_CANDIDATES = "items that training saw, less those known of the user; relevant ones it did not see are missed"


def _card(formula: str, gain: str = "1 for each relevant item", ideal: str = "none") -> dict[str, str]:
    return {
        "formula": formula,
        "gain": gain,
        "ideal list": ideal,
        "users without relevant items": _NOBODY,
        "tie rule": _TIES,
        "candidates": _CANDIDATES,
    }


def _ranking(name: str, title: str, summary: str, function: str, params: type, card: dict[str, str]) -> Metric:
    target = f"cfbench_metrics.ranking:{function}"
    return Metric(name, title, summary, target, params, better="higher", reads="ranking", card=card)


def _lists(name: str, title: str, summary: str, better: Literal["lower", "higher"], formula: str) -> Metric:
    card = {
        "formula": formula,
        "users without relevant items": "count: every list does",
        "tie rule": "equal items at the end of a list share its last places",
        "candidates": _CANDIDATES,
    }
    return Metric(
        name, title, summary, f"cfbench_metrics.lists:{name}", ListParams, better=better, reads="lists", card=card
    )


@hookimpl
def cfbench_metrics() -> list[Metric]:
    """Return the built-in metrics."""
    return [
        Metric(
            "rmse",
            "RMSE",
            "root of the mean squared error, in units of the target",
            "cfbench_metrics.rating:rmse",
            card={"formula": "sqrt(mean((prediction - target)²)) over all rows"},
        ),
        Metric(
            "mae",
            "MAE",
            "mean absolute error, in units of the target",
            "cfbench_metrics.rating:mae",
            card={"formula": "mean(|prediction - target|) over all rows"},
        ),
        Metric(
            "mse",
            "MSE",
            "mean squared error",
            "cfbench_metrics.rating:mse",
            card={"formula": "mean((prediction - target)²) over all rows"},
        ),
        Metric(
            "r2",
            "R²",
            "share of the targets' variance that is explained",
            "cfbench_metrics.rating:r2",
            better="higher",
            card={"formula": "1 - MSE / variance of the part's targets; below 0 where their mean predicts better"},
        ),
        _ranking(
            "precision",
            "Precision",
            "share of the first k places that are relevant",
            "precision",
            RankingParams,
            _card("relevant items in the first k places / k, also where a list is shorter"),
        ),
        _ranking(
            "recall",
            "Recall",
            "share of the relevant items in the first k places",
            "recall",
            RankingParams,
            _card("relevant items in the first k places / all relevant items"),
        ),
        _ranking(
            "hr",
            "Hit rate",
            "whether a relevant item stands in the first k places",
            "hit_rate",
            RankingParams,
            _card("1 where one relevant item or more stands in the first k places, else 0"),
        ),
        _ranking(
            "ndcg",
            "NDCG",
            "gain of the first k places, less further down, by the best possible",
            "ndcg",
            NDCGParams,
            _card(
                "sum over places r <= k of gain / log2(r + 1), by that of the ideal list",
                "1 (gain = one), the target (target), 2 ** target - 1 (exponential)",
                "the relevant items by gain, cut at k",
            ),
        ),
        _ranking(
            "mrr",
            "MRR",
            "1 / place of the first relevant item",
            "mrr",
            RankingParams,
            _card("1 / place of the first relevant item; 0 where it stands behind k"),
        ),
        _ranking(
            "map",
            "MAP",
            "precision at each relevant item, on average",
            "average_precision",
            RankingParams,
            _card("sum of the precision at the relevant items of the first k places / all relevant items"),
        ),
        _ranking(
            "auc",
            "AUC",
            "chance that a relevant item scores above another one",
            "auc",
            AUCParams,
            _card("pairs of a relevant and another candidate in the right order / all such pairs"),
        ),
        _lists(
            "coverage",
            "Coverage",
            "share of the items that somebody is shown",
            "higher",
            "expected share of the candidate items in the first k places of one list or more",
        ),
        _lists(
            "gini",
            "Gini",
            "how unequally items are shown: 0 all alike, 1 one alone",
            "lower",
            "Gini coefficient of the expected number of lists that show an item, over the candidate items",
        ),
        _lists(
            "novelty",
            "Novelty",
            "how rare the shown items are, in bits",
            "higher",
            "mean over all places of -log2(training rows of the item / all training rows)",
        ),
    ]
