"""A study: trials one after the other, each an ordinary run of a group, the experiment as it stands first."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from cfbench.answers import RunSummary
from cfbench.bench.interface import Bench
from cfbench.errors import BadInput
from cfbench.experiment import Experiment, override, parse
from cfbench.search import spaces
from cfbench.search.picking import Trial
from cfbench.search.spaces import Space

if TYPE_CHECKING:
    import optuna

Method = Literal["tpe", "random", "grid"]

_WAIT_SECONDS = 5.0
_USELESS_IN_A_ROW = 50
"""Settings that the experiment's own rules refuse, or that were tried, one after the other, after which it gives up."""


@dataclass
class Study:
    """What is searched for.

    Attributes:
        bench: where trials run.
        experiment: checked; what is not varied stays as it is.
        spaces: what is varied.
        method: how values are chosen.
        metric: its key in a run's metrics.
        better: which way is better.
        name: the group of the runs.
        trials: what was tried, in order.
        refused: settings that could not be, in a sentence each.
        started: runs of the group so far, those that were stopped too.
    """

    bench: Bench
    experiment: Experiment
    spaces: Sequence[Space]
    method: Method
    metric: str
    better: str
    name: str
    trials: list[Trial] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    started: int = 0

    def recall(self) -> None:
        """Take finished runs of the group, of an earlier search by this name, as trials.

        Raises:
            BadInput: such a run is of another experiment, so that its value says nothing here.
        """
        varied = [space.key for space in self.spaces]
        for run in self.bench.runs():
            self.started += run.group == self.name
            if run.group == self.name and run.state in ("finished", "failed"):
                made = self.bench.experiment(run.id)
                if others := spaces.differing(made, self.experiment, varied):
                    raise BadInput(
                        f"run {run.id} of '{self.name}' is of another experiment: it differs in {', '.join(others)}",
                        where="--name",
                        mend="take another name, or search as before",
                    )
                values = {space.key: spaces.value_of(made, space.key) for space in self.spaces}
                self.trials.append(self._trial(run, values))

    def run(self, trials: int, seconds: float, tell: Callable[[Trial], None]) -> None:
        """Try settings until there are `trials` of them, or so many seconds are over (0: no limit).

        Raises:
            KeyboardInterrupt: somebody pressed ctrl-c; the trial under way was stopped.
        """
        began = time.monotonic()
        proposals = self._proposals()
        while len(self.trials) < trials and not (seconds and time.monotonic() - began >= seconds):
            proposed = next(proposals, None)
            if proposed is None:
                return
            values, heard = proposed
            trial = self._try(values)
            if trial is not None:
                self.trials.append(trial)
                tell(trial)
            heard(trial)

    # -- what to try --

    def _proposals(self) -> Iterator[tuple[dict[str, Any], Callable[[Trial | None], None]]]:
        """Yield settings to try, and what wants to hear what came of them."""
        defaults = {space.key: spaces.value_of(self.experiment, space.key) for space in self.spaces}
        tried = [trial.values for trial in self.trials]
        if defaults not in tried:
            yield defaults, lambda _: None
        if self.method == "grid":
            for values in spaces.grid(self.spaces):
                if values not in tried and values != defaults:
                    yield values, lambda _: None
            return
        yield from self._asked()

    def _asked(self) -> Iterator[tuple[dict[str, Any], Callable[[Trial | None], None]]]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        kinds = {space.key: _distribution(space) for space in self.spaces}
        seed = self.experiment.experiment.seed + len(self.trials)
        sampler = optuna.samplers.TPESampler(seed=seed) if self.method == "tpe" else optuna.samplers.RandomSampler(seed)
        study = optuna.create_study(direction="minimize" if self.better == "lower" else "maximize", sampler=sampler)
        for trial in self.trials:
            if all(space.holds(trial.values[space.key]) for space in self.spaces):
                study.add_trial(_told(trial, kinds))
        useless = 0
        while useless < _USELESS_IN_A_ROW:
            asked = study.ask(kinds)
            before = len(self.trials)

            def hear(trial: Trial | None, asked: optuna.Trial = asked) -> None:
                if trial is None or trial.value is None:
                    study.tell(asked, state=optuna.trial.TrialState.FAIL)
                else:
                    study.tell(asked, trial.value)

            same = next((trial for trial in self.trials if trial.values == asked.params), None)
            if same:
                hear(same)  # the same settings and seed give the same model
            else:
                yield dict(asked.params), hear
            useless = 0 if len(self.trials) > before else useless + 1

    # -- trying --

    def _try(self, values: Mapping[str, Any]) -> Trial | None:
        """Run one trial to its end; None where the settings can't be."""
        about = msgspec.structs.replace(
            self.experiment.experiment, name=f"{self.name}-{self.started + 1:03d}", group=self.name
        )
        document = msgspec.structs.replace(self.experiment, experiment=about).document()
        for key, value in values.items():
            override(document, f"{key}={msgspec.json.encode(value).decode()}")
        try:
            made = self.bench.check(parse(document), "search")
            (run,) = self.bench.start(made)
        except BadInput as error:
            self.refused.append(str(error))
            return None
        self.started += 1
        try:
            self._wait(run)
        except KeyboardInterrupt:
            with contextlib.suppress(BadInput):  # it ended meanwhile
                self.bench.command(run, "stop")
            raise
        return self._trial(self.bench.run(run), values)

    def _wait(self, run: str) -> None:
        offset, key = 0, ""
        while True:
            page = self.bench.events(run, offset, _WAIT_SECONDS, key)
            offset, key = page.offset, page.key
            if not page.alive:
                return

    def _trial(self, run: RunSummary, values: Mapping[str, Any]) -> Trial:
        started = self.bench.history(run.id, 16).last.get("started", {})
        value = self._value(run)
        reason = ""
        if value is None:
            reason = f"its {self.metric} is no number" if run.state == "finished" else run.reason or run.state
        return Trial(run.id, dict(values), value, run.seconds, started.get("parameters", 0), reason)

    def _value(self, run: RunSummary) -> float | None:
        if run.state != "finished":
            return None
        if self.metric not in run.metrics:  # an earlier search by this name went by another metric
            return self.bench.evaluate(run.id, (self.metric,)).metrics.get(self.metric)
        return run.metrics[self.metric]


def _distribution(space: Space) -> optuna.distributions.BaseDistribution:
    import optuna

    if space.values:
        return optuna.distributions.CategoricalDistribution(space.values)
    if space.whole:
        return optuna.distributions.IntDistribution(round(space.low), round(space.high), log=space.log)
    return optuna.distributions.FloatDistribution(space.low, space.high, log=space.log)


def _told(trial: Trial, kinds: dict[str, optuna.distributions.BaseDistribution]) -> optuna.trial.FrozenTrial:
    import optuna

    if trial.value is None:
        return optuna.trial.create_trial(params=trial.values, distributions=kinds, state=optuna.trial.TrialState.FAIL)
    return optuna.trial.create_trial(params=trial.values, distributions=kinds, value=trial.value)
