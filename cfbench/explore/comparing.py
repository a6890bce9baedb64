"""Runs side by side, fairly: on the same rows, with baselines, with the size of a difference before its chance."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Compared, Comparison, Difference, Evaluation, Finding, Part, Spread
from cfbench.errors import BadInput, CfbenchError
from cfbench.experiment import Component, Experiment
from cfbench.explore import baselines, results
from cfbench.explore import statistics as tests
from cfbench.explore.trained import Trained
from cfbench.loading.components import installed
from cfbench.registry.catalogue import catalogue
from cfbench.registry.resolving import resolve_metric
from cfbench.runs import folder, state
from cfbench.runs.folder import RunFolder
from cfbench.runs.index import RunIndex
from cfbench.runs.plugins import experiment_of
from cfbench.training.components import Scorer, make_metrics


def compare(
    runs: Sequence[str], metrics: Sequence[str] = (), part: Part = "valid", with_baselines: bool = True
) -> Comparison:
    """Return what runs reached on the same rows; those that differ in seed and fold alone are one line.

    Args:
        runs: ids; at least one.
        metrics: names such as "rmse" or "NDCG@10"; none: those of the runs.
        part: "valid", or "test", which is opened on purpose and counted.
        with_baselines: let baselines join that take seconds.

    Raises:
        BadInput: a run has nothing to measure yet, or there is no such metric.
    """
    found = list(dict.fromkeys(folder.find(run) for run in runs))
    trained = [Trained(run) for run in found]
    tables = tuple(resolve_metric(name, catalogue()) for name in metrics) or _own_metrics(trained)
    scorers = make_metrics(msgspec.structs.replace(trained[0].experiment, metrics=tables), installed)
    lines = _named(_lines(trained, tables, part))
    findings: list[Finding] = []
    common = _common(lines, findings)
    if common:
        _refuse_other_candidates(trained, scorers, findings)
    _equal_budgets(lines, findings)
    everybody = [
        *lines,
        *(_baselines(trained, tables, scorers, part, common, findings) if with_baselines and common else ()),
    ]
    labels = tuple(scorer.name for scorer in scorers)
    better = {scorer.name: scorer.better for scorer in scorers}
    best = {label: _best_baseline(everybody, label, better[label], common) for label in labels}
    return Comparison(
        part=part,
        metrics=labels,
        better=better,
        lines=tuple(line.told(labels, common, better, best) for line in everybody),
        differences=tuple(_differences(everybody, labels, better, best, common)),
        splits=tuple(common),
        findings=tuple(findings),
    )


@dataclass
class _Value:
    """What one run, or a baseline, reached on one split."""

    split: str
    metrics: Mapping[str, float | None]
    by_user: Mapping[str, NDArray[Any]]


@dataclass
class _Line:
    name: str
    model: str
    values: list[_Value]
    runs: list[RunFolder] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    folds: list[int] = field(default_factory=list)
    seconds: float = 0.0
    trials: int = 1
    trial_seconds: float = 0.0
    baseline: bool = False
    findings: dict[str, Finding] = field(default_factory=dict)

    def on(self, splits: Sequence[str]) -> list[_Value]:
        """Return the values on these splits, or all where there are none in common."""
        return [value for value in self.values if not splits or value.split in splits]

    def spread(self, label: str, splits: Sequence[str]) -> Spread:
        found = [number for value in self.on(splits) if (number := value.metrics.get(label)) is not None]
        if not found:
            return Spread(None, None, 0)
        return Spread(statistics.fmean(found), statistics.stdev(found) if len(found) > 1 else None, len(found))

    def of_users(self, label: str, splits: Sequence[str]) -> NDArray[np.float64] | None:
        """Return each user's value, the mean over the runs on a split, splits one after the other."""
        pieces = []
        for split in splits:
            columns = [value.by_user[label] for value in self.values if value.split == split and label in value.by_user]
            if not columns:
                return None
            pieces.append(np.mean(columns, 0))
        return np.concatenate(pieces) if pieces else None

    def told(
        self,
        labels: Sequence[str],
        splits: Sequence[str],
        better: Mapping[str, str],
        best: Mapping[str, tuple[str, float] | None],
    ) -> Compared:
        values = {label: self.spread(label, splits) for label in labels}
        below = {}
        for label, value in values.items():
            strongest = best[label]
            if self.baseline or strongest is None or value.mean is None:
                continue
            if _is_better(strongest[1], value.mean, better[label]):
                below[label] = strongest[0]
        return Compared(
            self.name, self.model, tuple(run.id for run in self.runs), tuple(dict.fromkeys(self.seeds)),
            tuple(dict.fromkeys(self.folds)), values, round(self.seconds, 3), self.trials,
            round(max(self.seconds, self.trial_seconds), 3), self.baseline, below,
            tuple(self.findings.values()),
        )  # fmt: skip


def _is_better(one: float, other: float, way: str) -> bool:
    return one < other if way == "lower" else one > other


def _own_metrics(trained: Sequence[Trained]) -> tuple[Component, ...]:
    """Return the metrics of all runs, each once."""
    found = {
        msgspec.json.encode(metric, order="sorted"): metric for one in trained for metric in one.experiment.metrics
    }
    return tuple(found.values())


# -- lines -------------------------------------------------------------------------------------------------------------


def _lines(trained: Sequence[Trained], metrics: Sequence[Component], part: Part) -> list[_Line]:
    lines: dict[bytes, _Line] = {}
    summaries = {one.run: state.summary(one.run) for one in trained}
    searches = _searches({summary.group for summary in summaries.values() if summary.group})
    for one in trained:
        summary = summaries[one.run]
        measured: Evaluation = one.measured(part, metrics)
        value = _Value(measured.split_hash, measured.metrics, results.load(one.run, part, one.step))
        line = lines.setdefault(_sameness(one.experiment), _Line("", _title(one.experiment), []))
        line.values.append(value)
        line.runs.append(one.run)
        line.seeds.append(summary.seed)
        line.folds.append(summary.fold or 0)
        line.seconds += summary.seconds
        trials, seconds = searches.get(summary.group, (1, 0.0))
        line.trials, line.trial_seconds = max(line.trials, trials), max(line.trial_seconds, seconds)
        line.findings |= {finding.what: finding for finding in measured.findings}
    return list(lines.values())


def _searches(groups: set[str]) -> dict[str, tuple[int, float]]:
    """Return group -> how many different experiments it has, and the seconds of all its runs."""
    found: dict[str, tuple[set[bytes], float]] = {}
    for summary in RunIndex().summaries() if groups else ():
        if summary.group in groups:
            different, seconds = found.get(summary.group, (set(), 0.0))
            with suppress(CfbenchError):
                different.add(_sameness(experiment_of(RunFolder(Path(summary.path)))))
            found[summary.group] = different, seconds + summary.seconds
    return {group: (len(different), seconds) for group, (different, seconds) in found.items()}


def _sameness(experiment: Experiment) -> bytes:
    """Return what is equal for runs that differ in seed, fold and words alone."""
    document = experiment.document(complete=True)
    document["splitter"].pop("fold", None)
    document.pop("experiment")
    return msgspec.json.encode(document, order="sorted")


def _title(experiment: Experiment) -> str:
    return catalogue().find("model", experiment.model.name).title


def _named(lines: list[_Line]) -> list[_Line]:
    """Give each line a short name of its own: the words of its first run, and how many runs more."""
    for line in lines:
        words = [run.id.partition("-")[2] or run.id for run in line.runs]
        line.name = words[0] if len(words) == 1 else f"{words[0]} +{len(words) - 1}"
    if len({line.name for line in lines}) < len(lines):
        for line in lines:
            line.name = line.runs[0].id
    return lines


def _common(lines: Sequence[_Line], findings: list[Finding]) -> list[str]:
    """Return the splits that every line has, and say what is left out."""
    splits = [dict.fromkeys(value.split for value in line.values) for line in lines]
    common = [split for split in splits[0] if all(split in other for other in splits)]
    if not common:
        findings.append(
            Finding(
                "wrong",
                "these runs have no split in common: their values are of different rows",
                "train them with the same data, splitter and split seed (experiment.seeds.split)",
            )
        )
    elif left_out := sum(value.split not in common for line in lines for value in line.values):
        what = f"{left_out} run{'s are' if left_out > 1 else ' is'} left out: not every line has a run on that split"
        findings.append(Finding("look", what, "train the others on it too (--folds all, --seeds N)"))
    return common


def _equal_budgets(lines: Sequence[_Line], findings: list[Finding]) -> None:
    """Say where some lines were chosen among more settings than others."""
    if len({line.trials for line in lines}) > 1:
        told = ", ".join(f"{line.name} among {line.trials}" for line in lines)
        findings.append(
            Finding("look", f"settings were chosen with unequal budgets: {told}", "search for all of them as long")
        )


def _refuse_other_candidates(trained: Sequence[Trained], scorers: Sequence[Scorer], findings: list[Finding]) -> None:
    given = {one.experiment.data.candidates for one in trained}
    sampled = [scorer.name for scorer in scorers if "~" in scorer.name]
    if sampled and len(given) > 1:
        raise BadInput(
            f"these runs rank among different candidates, so {sampled[0]} means something else in each",
            where="data.candidates",
            mend="compare metrics of the full ranking, or runs with the same file",
        )
    if sampled:
        findings.append(
            Finding(
                "look",
                f"{', '.join(sampled)}: among some candidates, which may put models in another order than all items do",
                "look at it without ~ too (Krichene, Rendle: On sampled metrics for item recommendation, KDD 2020)",
            )
        )


# -- baselines ---------------------------------------------------------------------------------------------------------


def _baselines(
    trained: Sequence[Trained],
    metrics: tuple[Component, ...],
    scorers: Sequence[Scorer],
    part: Part,
    splits: Sequence[str],
    findings: list[Finding],
) -> Iterator[_Line]:
    """Yield the baselines that take seconds, measured on every common split."""
    rated, ranked = (any((scorer.reads == "predictions") == wanted for scorer in scorers) for wanted in (True, False))
    there: dict[str, Trained] = {}
    for one in trained:
        there.setdefault(one.loader.split_hash, one)
    wanted = [there[split] for split in splits]
    already = {one.experiment.model.name for one in trained}
    fitting = baselines.fitting(wanted[0].loader, rated, ranked)
    if not fitting:
        findings.append(Finding("note", "no baseline joins by itself: the data are too large for seconds", ""))
    for declaration in fitting:
        if declaration.full_name in already:
            continue
        line = _Line(declaration.name, declaration.title, [], baseline=True)
        try:
            for one in wanted:
                experiment = msgspec.structs.replace(one.experiment, metrics=metrics)
                found, by_user = baselines.values(declaration, experiment, one.loader, part)
                line.values.append(_Value(one.loader.split_hash, found, by_user))
        except CfbenchError as error:
            findings.append(Finding("note", f"the baseline {declaration.name} is left out: {error}", ""))
            continue
        yield line


def _best_baseline(lines: Iterable[_Line], label: str, way: str, splits: Sequence[str]) -> tuple[str, float] | None:
    found = [
        (line.name, mean) for line in lines if line.baseline and (mean := line.spread(label, splits).mean) is not None
    ]
    if not found:
        return None
    return min(found, key=lambda pair: pair[1] if way == "lower" else -pair[1])


# -- differences -------------------------------------------------------------------------------------------------------


def _differences(
    lines: Sequence[_Line],
    labels: Sequence[str],
    better: Mapping[str, str],
    best: Mapping[str, tuple[str, float] | None],
    splits: Sequence[str],
) -> Iterator[Difference]:
    """Yield each pair of runs, and each run with the best baseline, for every metric with a value a user."""
    for label in labels:
        strongest = best[label]
        own = [line for line in lines if not line.baseline]
        pairs = list(itertools.combinations(own, 2))
        pairs += [(line, other) for other in lines if strongest and other.name == strongest[0] for line in own]
        tested = []
        for one, other in pairs:
            first, second = _in_order(one, other, label, better[label], splits)
            values = [line.of_users(label, splits) for line in (first, second)]
            if values[0] is None or values[1] is None:
                continue
            if (test := tests.paired(values[0], values[1])) is not None:
                tested.append((first.name, second.name, test))
        adjusted = tests.holm([test.p for _, _, test in tested])
        for (first_name, second_name, test), p in zip(tested, adjusted, strict=True):
            effect = test.effect if math.isfinite(test.effect) else None
            yield Difference(
                label, first_name, second_name, test.n, test.difference, effect, test.low, test.high, test.p, p
            )


def _in_order(one: _Line, other: _Line, label: str, way: str, splits: Sequence[str]) -> tuple[_Line, _Line]:
    means = [line.spread(label, splits).mean for line in (one, other)]
    if means[0] is None or means[1] is None or not _is_better(means[1], means[0], way):
        return one, other
    return other, one
