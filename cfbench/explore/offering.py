"""Fields that items have in a run's data, and that the run was not trained with: how to have them."""

from __future__ import annotations

import shlex
from contextlib import suppress

from cfbench.data import roles
from cfbench.data.importing import planned
from cfbench.data.named import resolved
from cfbench.errors import CfbenchError
from cfbench.explore.trained import Trained


def offered(trained: Trained) -> dict[str, str]:
    """Return field -> what [data] can take it as, for fields of the item table that it does not use.

    Nothing where the data are no longer at their source.
    """
    with suppress(CfbenchError):
        plan = planned(resolved(trained.experiment.data))
        if plan.items is not None:
            kinds = {
                column.name: "multilabel"
                if column.name in plan.items.flags
                else roles.suggestion(plan.items.sample[column.name])
                for column in plan.columns()
                if column.table == "items" and not column.role and not column.flag_of
            }
            return {name: kind for name, kind in kinds.items() if kind}
    return {}


def to_train_with(field: str, offers: dict[str, str]) -> str:
    """Return how a run comes to have a field, for a refusal: by option and key where `offers` has it."""
    if field not in offers:
        return "train with one: data.categorical, data.continuous, data.multilabel"
    option = f"--{offers[field]} {shlex.quote(field)}"
    return f"train with it: {option} of 'cfbench experiment new', or {offers[field]} = [\"{field}\"] in [data]"
