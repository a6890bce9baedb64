"""Studies on a bench that trains nothing: defaults first, what is skipped, what is counted, stopping and going on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec
import pytest

from cfbench.answers import Evaluation, EventPage, History, RunState, RunSummary
from cfbench.bench.interface import Bench
from cfbench.errors import BadInput
from cfbench.experiment import Experiment, parse
from cfbench.registry.catalogue import catalogue
from cfbench.registry.resolving import resolve
from cfbench.search.picking import Trial
from cfbench.search.spaces import Space
from cfbench.search.studies import Method, Study

LR = Space("optimizer.lr", 1e-3, 1.0, log=True)
WIDTH = Space("model.n_factors", values=(4, 8))


class FakeBench:
    """A bench whose runs are over at once; their rmse is how far lr is from 0.1."""

    def __init__(self) -> None:
        self.made: dict[str, Experiment] = {}
        self.found: dict[str, RunSummary] = {}
        self.asked: list[tuple[str, str]] = []
        self.measured: list[tuple[str, str]] = []
        self.fate: Callable[[Experiment], tuple[RunState, str]] = lambda _: ("finished", "")
        self.interrupt = False

    def check(self, experiment: Experiment, where: str = "") -> Experiment:
        return resolve(experiment, catalogue(), where)

    def start(self, experiment: Experiment) -> list[str]:
        run = f"1-{experiment.experiment.name}"
        state, reason = self.fate(experiment)
        metrics = {"rmse": abs(experiment.optimizer.params["lr"] - 0.1)} if state == "finished" else {}
        self.made[run] = experiment
        self.found[run] = summary(run, experiment, state, reason, metrics)
        return [run]

    def runs(self) -> list[RunSummary]:
        return list(self.found.values())

    def run(self, wanted: str) -> RunSummary:
        return self.found[wanted]

    def experiment(self, run: str) -> Experiment:
        return self.made[run]

    def events(self, run: str, offset: int = 0, wait: float = 0.0, key: str = "") -> EventPage:
        if self.interrupt:
            raise KeyboardInterrupt
        return EventPage([], offset, False, "k")

    def history(self, run: str, points: int = 400) -> History:
        return History(run, "k", 0, 1.0, (), [], {"started": {"parameters": 7}})

    def command(self, run: str, verb: str) -> None:
        self.asked.append((run, verb))
        self.found[run] = msgspec.structs.replace(self.found[run], state="stopped", reason="stopped by me", metrics={})

    def evaluate(self, run: str, metrics: Sequence[str] = (), part: str = "valid") -> Evaluation:
        self.measured.append((run, part))
        return Evaluation(run, part, 9, 1, "last", None, dict.fromkeys(metrics, 0.5), {}, 0, "")


def summary(run: str, made: Experiment, state: RunState, reason: str, metrics: dict[str, float | None]) -> RunSummary:
    return RunSummary(
        id=run,
        state=state,
        reason=reason,
        exit_code=0,
        created=0.0,
        group=made.experiment.group,
        seed=42,
        fold=None,
        data=("demo",),
        model=made.model.name,
        epochs=1,
        epochs_done=1,
        step=1,
        steps=1,
        epoch=1,
        valid_loss=None,
        metrics=metrics,
        best_valid_loss=None,
        split_hash="",
        damaged_lines=(),
        path="",
        note="",
        pinned=False,
        seconds=1.0,
    )


def study(
    fake: FakeBench,
    *spaces: Space,
    method: Method = "random",
    metric: str = "rmse",
    better: str = "lower",
    **tables: dict[str, Any],
) -> Study:
    resolved = fake.check(parse({"data": {"source": "demo"}, **tables}))
    return Study(cast(Bench, fake), resolved, spaces, method, metric, better, "st")


def ran(one: Study, trials: int) -> list[Trial]:
    """Return what was told of, in order."""
    told: list[Trial] = []
    one.recall()
    one.run(trials, 0, told.append)
    return told


@pytest.mark.parametrize("method", ["tpe", "random", "grid"])
def test_the_experiment_as_it_stands_is_tried_first(method: Method) -> None:
    fake = FakeBench()
    told = ran(study(fake, LR, method=method), 4)
    assert told[0].values == {"optimizer.lr": 0.005}
    assert all(1e-3 <= cast(float, trial.values["optimizer.lr"]) <= 1 for trial in told)
    assert [trial.run for trial in told] == ["1-st-001", "1-st-002", "1-st-003", "1-st-004"]
    assert {(run.group, told[0].parameters) for run in fake.runs()} == {("st", 7)}
    assert fake.measured == []


def test_tpe_comes_nearer_where_it_looks_longer() -> None:
    told = ran(study(FakeBench(), LR, method="tpe"), 40)
    assert min(cast(float, trial.value) for trial in told) < 0.02
    again = ran(study(FakeBench(), LR, method="tpe"), 40)
    assert told == again


def test_tpe_heeds_which_way_is_better() -> None:
    told = ran(study(FakeBench(), LR, method="tpe", better="higher"), 40)
    late = [cast(float, trial.value) for trial in told[20:]]
    assert sum(value > 0.4 for value in late) > len(late) / 2


def test_settings_that_can_not_be_are_no_trials() -> None:
    one = study(FakeBench(), Space("model.n_factors", values=(0, 4)), method="grid")
    assert [trial.values["model.n_factors"] for trial in ran(one, 9)] == [50, 4]
    assert len(one.refused) == 1
    assert "n_factors = 0 is not allowed" in one.refused[0]


def test_a_search_of_what_can_never_be_ends() -> None:
    one = study(FakeBench(), Space("model.n_factors", -9, -1, whole=True))
    assert [trial.values["model.n_factors"] for trial in ran(one, 9)] == [50]


@pytest.mark.parametrize("method", ["tpe", "random"])
def test_nothing_is_trained_twice(method: Method) -> None:
    told = ran(study(FakeBench(), WIDTH, method=method), 20)
    widths = [cast(int, trial.values["model.n_factors"]) for trial in told]
    assert (widths[0], sorted(widths[1:])) == (50, [4, 8])


def test_a_failed_trial_counts_and_says_why() -> None:
    fake = FakeBench()
    fake.fate = lambda made: ("failed", "loss is nan") if made.optimizer.params["lr"] > 0.1 else ("finished", "")
    told = ran(study(fake, LR, method="tpe"), 12)
    failed = [trial for trial in told if trial.value is None]
    assert (len(told), {trial.reason for trial in failed}) == (12, {"loss is nan"})


def test_a_finished_trial_without_a_number_says_so() -> None:
    fake = FakeBench()
    one = study(fake, LR)
    (run,) = fake.start(one.experiment)
    fake.found[run] = msgspec.structs.replace(fake.found[run], group="st", metrics={"rmse": None})
    one.recall()
    assert [(trial.value, trial.reason) for trial in one.trials] == [(None, "its rmse is no number")]


def test_an_optional_setting_that_is_not_set_can_be_tried() -> None:
    fake = FakeBench()
    told = ran(study(fake, Space("model.y_range", values=("none",)), method="grid"), 2)
    assert [trial.values for trial in told] == [{"model.y_range": "none"}]
    assert fake.made[told[0].run].model.params["y_range"] is None


@pytest.mark.parametrize("method", ["tpe", "random", "grid"])
def test_it_goes_on_by_its_name(method: Method) -> None:
    fake = FakeBench()
    first = ran(study(fake, LR, method=method), 2)
    one = study(fake, LR, method=method)
    more = ran(one, 4)
    assert one.trials == [*first, *more]
    assert [trial.run for trial in more] == ["1-st-003", "1-st-004"]
    assert len({str(trial.values) for trial in one.trials}) == 4


def test_by_another_metric_it_measures_what_was_there() -> None:
    fake = FakeBench()
    ran(study(fake, LR), 2)
    one = study(fake, LR, metric="mae")
    one.recall()
    assert [trial.value for trial in one.trials] == [0.5, 0.5]
    assert {part for _, part in fake.measured} == {"valid"}


def test_runs_of_another_experiment_are_not_gone_on_with() -> None:
    fake = FakeBench()
    ran(study(fake, LR), 1)
    with pytest.raises(BadInput, match=r"run 1-st-001 of 'st' .* it differs in training\.epochs"):
        study(fake, LR, training={"epochs": 77}).recall()


def test_interrupted_it_stops_its_trial_and_can_go_on() -> None:
    fake = FakeBench()
    fake.interrupt = True
    with pytest.raises(KeyboardInterrupt):
        ran(study(fake, LR), 3)
    assert fake.asked == [("1-st-001", "stop")]
    fake.interrupt = False
    assert [trial.run for trial in ran(study(fake, LR), 2)] == ["1-st-002", "1-st-003"]
    assert fake.found["1-st-001"].state == "stopped"


def test_no_trial_is_begun_when_time_is_over() -> None:
    one = study(FakeBench(), LR)
    one.run(1000, 1e-9, lambda _: None)
    assert one.trials == []
