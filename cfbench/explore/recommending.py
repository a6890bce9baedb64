"""What a model predicts highest for a user, among the items that training did not see with them."""

from __future__ import annotations

import numpy as np

from cfbench.answers import Recommendations
from cfbench.errors import BadInput
from cfbench.explore.naming import user_code
from cfbench.explore.ranking import highest, known
from cfbench.explore.trained import Trained
from cfbench.loading.loader import Loader


def recommend(trained: Trained, user: str, count: int = 10, least: int = 1) -> Recommendations:
    """Return the `count` items with the highest predictions; each is scored by the model itself.

    Fields that the model reads are the user's and the items' own.

    Args:
        trained: the model.
        user: label.
        count: how many.
        least: training rows that an item has at least.

    Raises:
        BadInput: there is no such user, the model needs a field that belongs to neither, or the ratings are gone.
    """
    code = user_code(trained, user)
    loader = _loader(trained, user)
    rows = loader.training_rows(code)
    codes = known(trained, "item", least)
    codes = codes[~np.isin(codes, loader.interactions.item[rows])]
    values = trained.score({"user": np.full(len(codes), code, np.int32), "item": codes})
    return Recommendations(
        user=user,
        ratings=len(rows),
        mean=float(loader.interactions.target[rows].mean(dtype=np.float64)),
        unseen=int(np.count_nonzero(np.isfinite(values))),
        items=highest(trained, "item", codes, values, count),
    )


def _loader(trained: Trained, user: str) -> Loader:
    try:
        return trained.loader
    except BadInput as error:
        raise BadInput(
            f"what '{user}' rated can't be looked up, since the data of run {trained.run.id} are gone: {error.what}",
            where=error.where,
            mend="put the data back there",
        ) from error
