"""What an experiment trains and with what: model, loss, optimizer, schedule and metrics, made from their plugins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Experiment
from cfbench.loading.components import Find, component
from cfbench.loading.loader import Batch
from cfbench.plugin import DataInfo, Metric, Optimizer, Rates
from cfbench.training.compiled import keep_compiled

_SPARSE = 8
"""Of how many times a batch's rows a table's gradient is sparse: below that, putting rows together takes longer."""

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class Scorer:
    """A metric of an experiment, ready to call."""

    name: str
    target: Callable[..., Any]
    params: Any
    reads: str = "predictions"
    better: str = "lower"


class Predictor:
    """A model with what is needed to call it: its device, its dtype, whether it wants the fields."""

    def __init__(self, experiment: Experiment, find: Find, info: DataInfo) -> None:
        keep_compiled()
        live, params = component(find, "model", experiment.model)
        self.name = experiment.model.name
        loss, _ = component(find, "loss", experiment.loss)
        self.fields: bool = live.fields
        self.ratings: bool = live.ratings and not (loss.negatives and live.batches != "none")
        self.deterministic: bool = live.deterministic
        self.device = device(experiment.training.device)
        self.dtype = DTYPES[experiment.training.precision]
        module = live.target(info, params)
        if not isinstance(module, nn.Module):
            raise WorkFailed(f"it made a {type(module).__name__}, not a torch.nn.Module", where=f"model {self.name}")
        self.module = module.to(self.device, self.dtype)
        self.sparse: set[int] = set()

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Return predictions (B,) of a batch that is on the model's device."""
        inputs = (batch.x, batch.categorical, batch.continuous) if self.fields else (batch.x,)
        prediction: torch.Tensor = self.module(*inputs)
        if prediction.shape != batch.target.shape:
            raise WorkFailed(
                f"forward gave shape {tuple(prediction.shape)} for a batch of {len(batch)}",
                where=f"model {self.name}",
                mend=f"return ({len(batch)},), one prediction a row",
            )
        return prediction

    def look_up_sparsely(self, least: int) -> None:
        """Let tables of so many rows have gradients of the rows that a batch looks up, not of their own size."""
        for part in self.module.modules():
            weight = getattr(part, "weight", None)
            if hasattr(part, "sparse") and isinstance(weight, nn.Parameter) and len(weight) >= least:
                part.sparse = True  # type: ignore[assignment]
                self.sparse.add(id(weight))

    def rows(self, table: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Return rows of one of the model's tables, with gradients of the kind that the table has."""
        if id(table) in self.sparse:
            return nn.functional.embedding(codes, table, sparse=True)
        return table.index_select(0, codes)

    @property
    def device_name(self) -> str:
        """The device, and for a GPU its make."""
        if self.device.type == "cuda":
            return f"{self.device} ({torch.cuda.get_device_name(self.device)})"
        return str(self.device)

    def place(self, batch: Batch) -> Batch:
        """Return the batch where the model is."""
        return batch.to(self.device, self.dtype)


def device(name: str) -> torch.device:
    """Return the device of a name; "auto" is the first GPU, or else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise BadInput("there is no CUDA device here", where="training.device", mend='use "auto" or "cpu"')
    if name == "mps" and not torch.backends.mps.is_available():
        raise BadInput("there is no MPS device here", where="training.device", mend='use "auto" or "cpu"')
    return torch.device(name)


def make_optimizer(experiment: Experiment, find: Find, predictor: Predictor) -> torch.optim.Optimizer:
    """Return the experiment's optimizer over all parameters of the model; large tables of a row rule become sparse."""
    live, params = component(find, "optimizer", experiment.optimizer)
    if follows_rule(live, params):
        predictor.look_up_sparsely(_SPARSE * experiment.loader.batch_size)
    optimizer: torch.optim.Optimizer = live.target(predictor.module.parameters(), params)
    return optimizer


def follows_rule(optimizer: Optimizer, params: Any) -> bool:
    """Return whether an optimizer steps by its row rule: what the rule has no place for has its default."""
    if not optimizer.rule:
        return False
    heeded = ("lr", "betas", "eps") if optimizer.rule == "adam" else ("lr",)
    usual = type(params)(**{name: getattr(params, name) for name in heeded})
    return bool(params == usual)


def make_schedule(experiment: Experiment, find: Find, steps: int) -> Callable[[int], Rates]:
    """Return the experiment's schedule over `steps` steps."""
    live, params = component(find, "schedule", experiment.schedule)
    _, optimizer_params = component(find, "optimizer", experiment.optimizer)
    schedule: Callable[[int], Rates] = live.target(params, optimizer_params.lr, steps)
    return schedule


def make_metrics(experiment: Experiment, find: Find) -> list[Scorer]:
    """Return the experiment's metrics, named as in ``rmse``, ``ndcg@10``, ``hr@10~99``."""
    scorers = []
    for table in experiment.metrics:
        live, params = component(find, "metric", table)
        assert isinstance(live, Metric)
        label = metric_label(live.name, params)
        scorers.append(Scorer(label, live.target, params, live.reads, live.better))  # type: ignore[arg-type]
    return scorers


def metric_label(name: str, params: Any) -> str:
    """Return the name of a metric's values: its length of list and candidates, then what else is not its default."""
    values = {field.name: (getattr(params, field.name), field.default) for field in dataclasses.fields(params)}
    k, _ = values.pop("k", (None, None))
    candidates, _ = values.pop("candidates", (0, 0))
    others = ",".join(f"{key}={value}" for key, (value, default) in values.items() if value != default)
    return f"{name}{f'@{k}' if k else ''}{f'~{candidates}' if candidates else ''}{f'[{others}]' if others else ''}"
