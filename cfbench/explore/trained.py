"""A trained model: loaded from its run's folder, labels in, numbers out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, Literal, get_args

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from cfbench import experiment
from cfbench.answers import Checkpoint, Evaluation, Part
from cfbench.errors import BadInput, nearest
from cfbench.explore import results
from cfbench.explore.doubting import doubts
from cfbench.loading import kept
from cfbench.loading.loader import Batch, Loader
from cfbench.loading.streams import TorchStreams
from cfbench.registry.catalogue import catalogue
from cfbench.registry.faults import in_its_own_words
from cfbench.registry.resolving import resolve_metric
from cfbench.runs import events, lock
from cfbench.runs.folder import RunFolder, find
from cfbench.runs.machine import user
from cfbench.runs.plugins import experiment_of, finder, places
from cfbench.runs.worker import open_loader
from cfbench.training.checkpoints import Checkpoints, Damaged
from cfbench.training.components import Predictor, make_metrics
from cfbench.training.evaluation import measure, standard_errors
from cfbench.training.objective import Objective
from cfbench.training.reproducible import reproducible


def load(run: str | os.PathLike[str], checkpoint: Checkpoint = "auto") -> Trained:
    """Return the trained model of a run.

    Args:
        run: its id, the start or end of one, "last", or its folder's path.
        checkpoint: "last", "best" (by valid loss), or "auto": the best where the run stops early, else the last.

    Raises:
        BadInput: there is no such run, or it has no whole checkpoint.
    """
    return Trained(find(os.fspath(run)), checkpoint)


class Trained:
    """A model as one checkpoint of a run holds it.

    Attributes:
        run: the run's folder.
        experiment: what defined it.
        classes: field -> labels by code; "user", "item" and "title" are always there.
        predictor: the model with its device and dtype.
        model: the torch.nn.Module, in evaluation mode, on the CPU.
        find: finds the run's plugins.
        step: the checkpoint's step.
        checkpoint: "last" or "best".
    """

    def __init__(self, run: RunFolder, checkpoint: Checkpoint = "auto") -> None:
        events.refuse_newer(run.events)
        self.run = run
        self.experiment = _on_cpu(experiment_of(run))
        self.find = finder(run)
        self._encoder = kept.load(run.data)
        self.classes: Mapping[str, Sequence[str]] = self._encoder.classes
        self.predictor = Predictor(self.experiment, self.find, self._encoder.info(TorchStreams(self.experiment)))
        self.model = self.predictor.module.eval()
        self.step, self.checkpoint = self._choose(checkpoint)
        tensors, _ = Checkpoints(run.checkpoints).read(self.step)
        self.model.load_state_dict(tensors["model"])

    def _choose(self, wanted: Checkpoint) -> tuple[int, Literal["last", "best"]]:
        checkpoints = Checkpoints(self.run.checkpoints)
        if wanted == "best" or (wanted == "auto" and self.experiment.training.early_stopping):
            best = [event["step"] for event in self.history if event["best"]]
            if best and best[-1] in checkpoints.steps():
                try:
                    checkpoints.verify(best[-1])
                except Damaged as error:
                    if wanted == "best":
                        raise BadInput(
                            f"the best checkpoint of run {self.run.id} is damaged ({error})", mend="use the last one"
                        ) from error
                else:
                    return best[-1], "best"
        for step, damage in checkpoints.newest_whole():
            if not damage:
                return step, "last"
        if lock.held(self.run.lock):
            raise BadInput(
                f"run {self.run.id} has no checkpoint yet", mend=f"wait for it: cfbench runs wait {self.run.id}"
            )
        raise BadInput(f"run {self.run.id} has no whole checkpoint", mend=f"cfbench runs resume {self.run.id}")

    def __repr__(self) -> str:
        return f"<Trained {self.run.id}: {self.experiment.model.name}, {self.checkpoint} checkpoint, step {self.step}>"

    @property
    def model_name(self) -> str:
        """The model's name without its package's, as it stands in sentences."""
        return self.experiment.model.name.rpartition(":")[2]

    @property
    def history(self) -> list[dict[str, Any]]:
        """The run's epochs: train and valid loss, metrics, whether it was the best so far."""
        return [
            event for event in events.measurements(events.read(self.run.events).events) if event["event"] == "epoch"
        ]

    @property
    def fields(self) -> list[str]:
        """The fields that the model reads besides user and item."""
        return [*self._encoder.categorical, *self._encoder.scales] if self.predictor.fields else []

    @property
    def counts(self) -> Mapping[str, NDArray[np.int32]]:
        """ "user", "item" and each categorical field -> int32 (codes,): its training rows."""
        return self._encoder.counts

    @property
    def target_range(self) -> float:
        """The largest training target less the smallest."""
        low, high = self.target_ends
        return high - low

    @property
    def target_ends(self) -> tuple[float, float]:
        """The smallest and the largest training target."""
        _, low, high = self._encoder.target
        return low, high

    # -- predictions --

    def predict(
        self,
        users: Sequence[str],
        items: Sequence[str],
        fields: Mapping[str, Sequence[Any]] | None = None,
    ) -> NDArray[np.float64]:
        """Return predicted targets, float64 (n,), of n pairs of labels.

        An item may be named by its title where only one item bears it. A user or item that training did not see is
        predicted as "#na#"; `known` tells which. A field that is not given is taken from the user's or item's own.
        """
        if len(users) != len(items):
            raise BadInput(f"{len(users)} users and {len(items)} items make no pairs", mend="give as many of each")
        return self.score(self._codes(users, items), fields)

    def known(self, users: Sequence[str], items: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each pair whether training saw both its user and its item, bool (n,)."""
        codes = self._codes(users, items)
        both: NDArray[np.bool_] = np.all(
            [self._encoder.seen[field][codes[field]] for field in ("user", "item")], axis=0
        )
        return both

    def score(
        self, codes: Mapping[str, NDArray[np.int32]], fields: Mapping[str, Sequence[Any]] | None = None
    ) -> NDArray[np.float64]:
        """Return predicted targets, float64 (n,), of n pairs of codes: "user" and "item" -> int32 (n,)."""
        given = fields or {}
        n, encoder = len(codes["user"]), self._encoder
        x = np.stack([encoder.known(field, codes[field]) for field in ("user", "item")], 1)
        categorical, continuous = np.zeros((n, len(encoder.categorical)), np.int64), np.zeros((n, len(encoder.scales)))
        for column, field in enumerate(encoder.categorical if self.fields else ()):
            own = self._field_codes(field, given[field]) if field in given else self._own(field, codes)
            categorical[:, column] = encoder.known(field, own.astype(np.int32))
        for column, (field, scale) in enumerate(encoder.scales.items() if self.fields else ()):
            values = _numbers(given[field]) if field in given else self._own(field, codes)
            continuous[:, column] = scale(values.astype(np.float32))
        batch = Batch(
            torch.from_numpy(x.astype(np.int64)),
            torch.from_numpy(categorical),
            torch.from_numpy(continuous),
            torch.zeros(n),
        )
        with torch.no_grad(), self.at_work():
            chunks = [self.predictor(self.predictor.place(batch[at : at + 16_384])) for at in range(0, n, 16_384)]
        return torch.cat(chunks).double().numpy() if chunks else np.empty(0)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let plugins work as in training: the same sums in the same order, their errors in their own words."""
        with (
            reproducible(self.experiment.training.threads),
            in_its_own_words(f"run {self.run.id}", *places(self.run)),
        ):
            yield

    def _own(self, field: str, codes: Mapping[str, NDArray[np.int32]]) -> NDArray[Any]:
        own = kept.fields_of(self.run.data, field, codes)
        if own is None:
            what = f"the model {self.model_name} needs the field '{field}', and neither users nor items have it"
            raise BadInput(what, mend="predict pairs with a column for it: cfbench predict")
        return own

    def _field_codes(self, field: str, labels: Sequence[Any]) -> NDArray[np.int32]:
        codes = {label: code for code, label in enumerate(self.classes[field])}
        return np.array([codes.get(str(label), 0) for label in labels], np.int32)

    def _codes(self, users: Sequence[str], items: Sequence[str]) -> dict[str, NDArray[np.int32]]:
        return {
            "user": np.array([self.user_codes.get(str(user), 0) for user in users], np.int32),
            "item": np.array([self.item_codes.get(str(item), 0) for item in items], np.int32),
        }

    @cached_property
    def label_codes(self) -> dict[str, dict[str, int]]:
        """ "user" and "item" -> its labels to codes."""
        return {side: {label: code for code, label in enumerate(self.classes[side])} for side in ("user", "item")}

    @cached_property
    def user_codes(self) -> dict[str, int]:
        """User labels to codes."""
        return self.label_codes["user"]

    @cached_property
    def item_codes(self) -> dict[str, int]:
        """Item labels, and titles, to codes; a label goes before a title, a title that several bear is 0."""
        titles: dict[str, int] = {}
        for code, title in enumerate(self.classes["title"]):
            titles[title] = 0 if title in titles else code
        return titles | self.label_codes["item"]

    # -- evaluation --

    @cached_property
    def loader(self) -> Loader:
        """The run's data as batches; needs the imported data or their source."""
        return open_loader(self.run, self.experiment)

    def evaluate(self, part: Part = "valid", metrics: Iterable[str | experiment.Component] = ()) -> Evaluation:
        """Return loss and metrics over a part; measuring the test part is counted in the run's folder.

        What each user's values are is kept in the run's folder too.

        Args:
            part: what to measure on.
            metrics: names such as "rmse" or "NDCG@10", or resolved ones; none: the experiment's own.

        Raises:
            BadInput: the split has no such part, or there is no such metric.
        """
        if part not in get_args(Part):
            raise BadInput(f"there is no part '{part}'{nearest(part, get_args(Part))}", mend="it is valid or test")
        rows = getattr(self.loader, part)
        if not rows.n_rows:
            raise BadInput(
                f"the split of run {self.run.id} has no {part} rows", mend="train with a split that has some"
            )
        scorers = make_metrics(self._experiment_with(metrics), self._find_any)
        with self.at_work():
            objective = Objective(self.experiment, self.find, self.loader)
            found = measure(self.predictor, self.loader, part, objective, scorers)
            findings = doubts(self.predictor, self.loader, part, found)
        results.save(self.run, part, self.step, found)
        measured = Evaluation(
            run=self.run.id,
            part=part,
            rows=rows.n_rows,
            step=self.step,
            checkpoint=self.checkpoint,
            loss=found.loss,
            metrics=found.metrics,
            unseen=self.loader.unseen(rows),
            test_openings=self._openings() + (part == "test"),
            split_hash=self.loader.split_hash,
            standard_errors=standard_errors(found.by_user),
            users=len(found.users),
            slices=found.slices,
            slice_rows=found.sizes,
            findings=findings,
        )
        self._keep(measured)
        return measured

    def measured(self, part: Part = "valid", metrics: Iterable[str | experiment.Component] = ()) -> Evaluation:
        """Return what `evaluate` returned when this was measured before, or measure it now."""
        labels = {scorer.name for scorer in make_metrics(self._experiment_with(metrics), self._find_any)}
        kept_by_user = "users" in results.load(self.run, part, self.step)
        lines = self._evaluations.read_bytes().splitlines() if self._evaluations.exists() and kept_by_user else []
        for line in reversed(lines):
            with suppress(msgspec.MsgspecError):
                known = msgspec.json.decode(line, type=Evaluation)
                if (known.part, known.step) == (part, self.step) and known.users and labels <= set(known.metrics):
                    return known
        return self.evaluate(part, metrics)

    def _experiment_with(self, metrics: Iterable[str | experiment.Component]) -> experiment.Experiment:
        tables = tuple(resolve_metric(one, catalogue()) if isinstance(one, str) else one for one in metrics)
        return msgspec.structs.replace(self.experiment, metrics=tables) if tables else self.experiment

    def _find_any(self, kind: str, name: str) -> Any:
        from cfbench.loading.components import installed

        try:
            return self.find(kind, name)
        except BadInput:
            return installed(kind, name)

    @property
    def _evaluations(self) -> Any:
        return self.run.results / "evaluations.jsonl"

    def _openings(self) -> int:
        if not self._evaluations.exists():
            return 0
        return sum(b'"part":"test"' in line for line in self._evaluations.read_bytes().splitlines())

    def _keep(self, measured: Evaluation) -> None:
        self.run.results.mkdir(mode=0o700, exist_ok=True)
        line = {**msgspec.to_builtins(measured), "time": time.time(), "by": user()}
        file = os.open(self._evaluations, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, msgspec.json.encode(line) + b"\n")
        finally:
            os.close(file)


def _numbers(values: Sequence[Any]) -> NDArray[np.float32]:
    """Return values of a continuous field as numbers, NaN where None or "" says that there is none."""
    return np.array([np.nan if value in (None, "") else float(value) for value in values], np.float32)


def _on_cpu(defined: experiment.Experiment) -> experiment.Experiment:
    return msgspec.structs.replace(defined, training=msgspec.structs.replace(defined.training, device="cpu"))
