"""An experiment made complete: each plugin by its full name, with all parameters, checked."""

from __future__ import annotations

from typing import Any

import msgspec

from cfbench.errors import BadInput
from cfbench.experiment import COMPONENTS, SAMPLER, Component, Experiment, metric
from cfbench.registry import parameters
from cfbench.registry.catalogue import Catalogue


def resolve(experiment: Experiment, catalogue: Catalogue, where: str = "") -> Experiment:
    """Return the experiment with every component's full name and complete parameters.

    Raises:
        BadInput: a name or a parameter that is not allowed, with its key path; `where` is the file that holds it.
    """
    changed: dict[str, Any] = {
        table: _resolved(getattr(experiment, table), table, table, catalogue, where) for table in COMPONENTS
    }
    metrics = experiment.metrics
    if metrics == Experiment().metrics and _only_ranks(changed["model"], changed["loss"], catalogue):
        metrics = (metric("ndcg@10"), metric("recall@10"))
    changed["metrics"] = tuple(
        _resolved(named, "metric", f"metrics[{number}]", catalogue, where) for number, named in enumerate(metrics)
    )
    sampler = experiment.sampler
    if itself := catalogue.find("model", changed["model"].name).facts.get("batches") == "none":
        changed["training"] = msgspec.structs.replace(experiment.training, epochs=1, early_stopping=0)
    needed = catalogue.find("loss", changed["loss"].name).facts.get("negatives") and not itself
    if sampler is None and needed:
        sampler = Component(SAMPLER)
    if sampler is not None:
        changed["sampler"] = _resolved(sampler, "sampler", "sampler", catalogue, where)
    return msgspec.structs.replace(experiment, **changed)


def resolve_metric(text: str, catalogue: Catalogue) -> Component:
    """Return the metric that a name such as ``rmse`` or ``NDCG@10`` means, complete.

    Raises:
        BadInput: there is no such metric, or it has no such parameter.
    """
    return _resolved(metric(text), "metric", f"metric {text}", catalogue, "")


def _only_ranks(model: Component, loss: Component, catalogue: Catalogue) -> bool:
    """Return whether what is trained so puts items in order and predicts no ratings."""
    of_model, of_loss = catalogue.find("model", model.name).facts, catalogue.find("loss", loss.name).facts
    return not of_model.get("ratings", True) or (of_loss.get("negatives", False) and of_model.get("batches") != "none")


def _resolved(component: Component, kind: str, path: str, catalogue: Catalogue, where: str) -> Component:
    try:
        declaration = catalogue.find(kind, component.name)
    except BadInput as error:
        raise BadInput(f"{path}.name: {error.what}", where=where, mend=error.mend) from error
    return Component(declaration.full_name, parameters.check(declaration, component.params, where, path))
