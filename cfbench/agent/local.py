"""The bench of this machine, in this process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any, Literal

from cfbench.agent.exports import Exports
from cfbench.agent.fetches import Fetches
from cfbench.answers import (
    CachedData,
    Checkpoint,
    Comparison,
    Cost,
    DataProfile,
    DatasetCard,
    Dimensions,
    Ends,
    Errors,
    Evaluation,
    EventPage,
    Explanation,
    Exported,
    FactorMap,
    Fetch,
    Folder,
    Form,
    History,
    Job,
    LabelPage,
    LoaderPreview,
    LrCurve,
    Measure,
    Part,
    PredictedTab,
    Prediction,
    Preview,
    Rate,
    Recommendations,
    RowPage,
    RunChanges,
    RunSummary,
    Scored,
    Side,
    StepView,
    Verb,
)
from cfbench.data import sets, stored
from cfbench.errors import BadInput, nearest
from cfbench.experiment import Data, Experiment
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration, Scan
from cfbench.runs import commands, events, folder, lock, notes, reading
from cfbench.runs.histories import Histories
from cfbench.runs.index import RunIndex
from cfbench.runs.watching import RunWatch


class LocalBench:
    """Implements `cfbench.bench.interface.Bench`.

    Args:
        exports: writes files; who gives them can end them.
    """

    def __init__(self, exports: Exports | None = None) -> None:
        self._index = RunIndex()
        self._watch = RunWatch(self._index)
        self._histories = Histories()
        self._fetches = Fetches()
        self._exports = exports or Exports()

    # -- plugins --

    def plugins(self, refresh: bool = False) -> Scan:
        """Return all plugins as data."""
        known = catalogue(refresh)
        return Scan(known.declarations, known.broken, known.notices)

    def plugin(self, name: str, kind: str = "") -> Declaration:
        """Return the declaration of that name, of any kind where none is said."""
        known = catalogue()
        if kind:
            return known.find(kind, name)
        fitting = [d for d in known.declarations if name in (d.name, d.full_name)]
        kinds = sorted({d.kind for d in fitting})
        if len(kinds) == 1:
            return known.find(kinds[0], name)
        if kinds:
            raise BadInput(f"'{name}' is a {' and a '.join(kinds)}", mend=f"add --kind {kinds[0]}")
        broken = [str(b) for b in known.broken if b.source.removesuffix(".py") in (name, name.replace("-", "_"))]
        guess = nearest(name, [d.name for d in known.declarations])
        raise BadInput(
            f"there is no plugin '{name}'{guess}", mend="; ".join(broken) or "'cfbench plugins list' shows all"
        )

    # -- data and experiments --

    def describe(self, data: Data, verify: bool = False) -> DataProfile:
        """Return what there is to know of data."""
        from cfbench.data.profile import describe

        return describe(data, verify=verify)

    def sample(self, data: Data) -> Preview:
        """Return what the beginning of the files tells."""
        from cfbench.data.sampling import sample

        return sample(data)

    def datasets(self) -> list[DatasetCard]:
        """Return the data sets that have a name."""
        return sets.cards()

    def fetch(self, name: str, source: str = "", any_version: bool = False) -> None:
        """Start to fetch a data set, or to take it from a path."""
        self._fetches.start(name, source, any_version)

    def fetching(self, name: str) -> Fetch:
        """Return how far the fetch of a data set is."""
        return self._fetches.status(name)

    def stop_fetching(self, name: str) -> None:
        """Ask a fetch to stop."""
        self._fetches.stop(name)

    def remove_dataset(self, name: str) -> int:
        """Remove what is here of a data set."""
        return sets.remove(sets.find(name))

    def cached(self) -> list[CachedData]:
        """Return the imported data that are kept."""
        return stored.cached()

    def forget(self, keys: Sequence[str] = ()) -> int:
        """Remove imported data by their keys, or all."""
        return stored.forget(keys)

    def browse(self, folder: str = "") -> Folder:
        """Return what is in a folder of this machine."""
        from cfbench.agent.browsing import browse

        return browse(folder)

    def rows(self, data: Data, offset: int = 0, count: int = 100, order: str = "", contains: str = "") -> RowPage:
        """Return interactions in human words."""
        from cfbench.data import paging

        return paging.rows(data, offset, count, order, contains)

    def labels(self, data: Data, field: str, contains: str = "", offset: int = 0, count: int = 100) -> LabelPage:
        """Return labels of a field."""
        from cfbench.data import paging

        return paging.labels(data, field, contains, offset, count)

    def template(self, data: Data, model: str = "", split: str = "") -> str:
        """Return a commented TOML to start from."""
        from cfbench.agent.template import template

        return template(data, model, split)

    def check(self, experiment: Experiment, where: str = "") -> Experiment:
        """Return the experiment resolved."""
        from cfbench.runs.preparing import checked

        return checked(experiment, where)

    def preview(self, experiment: Experiment, rows: int = 10, batch: int = 1) -> LoaderPreview:
        """Return what a checked experiment's training will see."""
        from cfbench.loading.previewing import preview

        return preview(experiment, rows, batch)

    def cost(self, experiment: Experiment) -> Cost:
        """Return what training a checked experiment will cost."""
        from cfbench.training.estimating import cost

        return cost(experiment)

    def rates(self, experiment: Experiment, points: int = 200) -> list[Rate]:
        """Return a checked experiment's schedule at evenly spaced steps."""
        from cfbench.training.estimating import rates

        return rates(experiment, points)

    # -- runs --

    def find_lr(self, experiment: Experiment) -> LrCurve:
        """Return the loss of a short training while its learning rate grows."""
        from cfbench.training.lr_finder import find_lr

        return find_lr(experiment)

    def start(self, experiment: Experiment, folds: bool = False, seeds: int = 1) -> list[str]:
        """Start workers for a checked experiment; return the runs' ids."""
        from cfbench.runs.launching import launch
        from cfbench.runs.preparing import prepare, variants

        started = []
        for variant in list(variants(experiment, folds, seeds)):
            run = prepare(variant)
            launch(run)
            started.append(run.id)
        return started

    def runs(self) -> list[RunSummary]:
        """Return all runs, oldest first."""
        return self._index.summaries()

    def run(self, wanted: str) -> RunSummary:
        """Return the run of an id, of the start or end of one, or "last"."""
        return self._index.summary(folder.find(wanted))

    def experiment(self, run: str) -> Experiment:
        """Return what a run was started with, complete and resolved."""
        from cfbench.runs.plugins import experiment_of

        return experiment_of(folder.find(run))

    def changes(self, token: str = "", wait: float = 0.0) -> RunChanges:
        """Return the runs that changed since a token was given, or all."""
        return self._watch.changes(token, wait)

    def differences(self, runs: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """Return for each run's id the settings in which these runs, or all runs, differ."""
        return self._index.differences([folder.find(run) for run in runs] or folder.all_runs())

    def annotate(self, run: str, note: str | None = None, pinned: bool | None = None) -> RunSummary:
        """Set a run's note, or whether it is pinned."""
        found = folder.find(run)
        notes.write(found, note, pinned)
        self._watch.look_again()
        return self._index.summary(found)

    def history(self, run: str, points: int = 400) -> History:
        """Return a run's past in at most so many points a curve."""
        return self._histories.history(folder.find(run), points)

    def events(self, run: str, offset: int = 0, wait: float = 0.0, key: str = "") -> EventPage:
        """Return a run's events from a byte offset on."""
        return reading.page(folder.find(run), offset, wait, key)

    def log(self, run: str, lines: int = 200) -> list[str]:
        """Return the last lines of what a run's worker and plugins printed."""
        return reading.last_lines(folder.find(run).log, lines)

    def epochs(self, run: str) -> list[dict[str, Any]]:
        """Return a run's epochs as if it had never been interrupted."""
        known = events.effective(events.read(folder.find(run).events).events)
        return [event for event in known if event["event"] == "epoch"]

    def command(self, run: str, verb: Verb) -> None:
        """Ask a run to stop, pause or go on, or kill its worker."""
        found = folder.find(run)
        if not lock.held(found.lock):
            state = self._index.summary(found).state
            raise BadInput(f"run {found.id} is {state}, not running", mend=_after(state, found.id))
        if verb == "kill":
            os.kill(lock.read_info(found.lock)["pid"], signal.SIGKILL)
        else:
            commands.send(found.commands, verb)

    def resume(self, run: str) -> None:
        """Start a worker again for a run that stopped, failed or was lost."""
        from cfbench.runs.launching import launch

        launch(folder.find(run))
        self._watch.look_again()

    def delete(self, run: str) -> str:
        """Move a run that is not alive to the trash; return where it is now."""
        found = folder.find(run)
        if lock.held(found.lock):
            raise BadInput(f"run {found.id} is alive", mend=f"stop it first: cfbench runs stop {found.id}")
        return str(folder.move_to_trash(found))

    def restore(self, trashed: str) -> str:
        """Put a run back that `delete` moved to the trash; return its id."""
        return folder.restore(trashed).id

    # -- results --

    def evaluate(
        self, run: str, metrics: Sequence[str] = (), part: Part = "valid", checkpoint: Checkpoint = "auto"
    ) -> Evaluation:
        """Measure a run's model on a part of its data."""
        from cfbench.explore.trained import load

        return load(run, checkpoint).evaluate(part, metrics)

    def compare(
        self, runs: Sequence[str], metrics: Sequence[str] = (), part: Part = "valid", baselines: bool = True
    ) -> Comparison:
        """Return what runs reached on the same rows."""
        from cfbench.explore.comparing import compare

        return compare(runs, metrics, part, baselines)

    def predict(self, run: str, pairs: str, checkpoint: Checkpoint = "auto") -> list[Prediction]:
        """Predict the targets of the pairs in a delimited file."""
        from cfbench.explore.pairs import predict_file

        return predict_file(run, pairs, checkpoint)

    def biases(self, run: str, field: Side = "item", count: int = 10, least: int = 1) -> Ends:
        """Return the highest and lowest biases that a run learned."""
        from cfbench.explore.biases import biases
        from cfbench.explore.recent import recent

        return biases(recent(run), field, count, least)

    def recommend(
        self,
        run: str,
        user: str = "",
        count: int = 10,
        least: int = 1,
        where: Sequence[str] = (),
        diversity: float = 0.0,
        seen: bool = False,
        ratings: dict[str, float] | None = None,
    ) -> Recommendations:
        """Return what a run's model predicts highest for a user, or for somebody new."""
        from cfbench.explore.recent import recent
        from cfbench.explore.recommending import recommend

        return recommend(recent(run), user, count, least, where=where, diversity=diversity, seen=seen, ratings=ratings)

    def ratings(self, run: str, path: str, content: str | None = None) -> dict[str, float]:
        """Return item -> rating of a file of somebody's ratings."""
        from cfbench.explore.pairs import read_ratings
        from cfbench.explore.recent import recent

        return read_ratings(recent(run), path, content)

    def explain(
        self,
        run: str,
        user: str,
        item: str,
        ratings: dict[str, float] | None = None,
        count: int = 12,
        supports: int = 8,
    ) -> Explanation:
        """Return the score of an item as a sum, and the rated titles that move it."""
        from cfbench.explore.explaining import explain
        from cfbench.explore.recent import recent

        return explain(recent(run), user, item, ratings, count, supports)

    def similar(
        self, run: str, name: str, count: int = 10, least: int = 1, measure: Measure = "cosine", side: Side = "item"
    ) -> list[Scored]:
        """Return the items, or users, whose factors are most like those of one."""
        from cfbench.explore.likeness import similar
        from cfbench.explore.recent import recent

        return similar(recent(run), name, count, least, measure, side)

    def factor_map(
        self,
        run: str,
        side: Side = "item",
        axes: tuple[int, int] = (1, 2),
        window: tuple[float, float, float, float] | None = None,
        columns: int = 120,
        rows: int = 60,
        least: int = 1,
        field: str = "",
        chosen: str = "",
        follow: bool = False,
    ) -> FactorMap:
        """Return a window of a map of the factors."""
        from cfbench.explore.mapping import factor_map
        from cfbench.explore.recent import recent

        return factor_map(recent(run), side, axes, window, columns, rows, least, field, chosen, follow)

    def predicted_tab(
        self, run: str, users: Sequence[str] = (), items: Sequence[str] = (), n_users: int = 15, n_items: int = 10
    ) -> PredictedTab:
        """Return users by items with rating, prediction and error."""
        from cfbench.explore.crosstab import predicted_tab
        from cfbench.explore.recent import recent

        return predicted_tab(recent(run), users, items, n_users, n_items)

    def one_step(
        self,
        run: str,
        size: int = 1,
        number: int = 0,
        start: Literal["untrained", "trained"] = "untrained",
        pair: tuple[str, str] | None = None,
        lr: float = 0.0,
        shown: int = 10,
    ) -> StepView:
        """Take a step on a batch, and return what it did."""
        from cfbench.explore.recent import recent
        from cfbench.explore.stepping import one_step

        return one_step(recent(run), size, number, start, pair, lr, shown)

    def dimensions(self, run: str) -> Dimensions:
        """Return how many factors a run's model has, and how many it uses."""
        from cfbench.explore.dimensions import FACTORS_KEY, dimensions
        from cfbench.explore.recent import recent

        trained = recent(run)
        return dimensions(trained, self._index.alike(trained.run, FACTORS_KEY))

    def sweep(self, run: str, factors: Sequence[int]) -> list[str]:
        """Start runs of the same experiment with other numbers of factors."""
        from cfbench.explore.dimensions import FACTORS_KEY, with_factors
        from cfbench.runs.plugins import experiment_of

        found = folder.find(run)
        known = {experiment_of(one).model.params.get("n_factors") for one in self._index.alike(found, FACTORS_KEY)}
        return [
            started
            for number in dict.fromkeys(factors)
            if number not in known
            for started in self.start(self.check(with_factors(experiment_of(found), found.id, number), found.id))
        ]

    def errors(self, run: str, part: Part = "valid", worst: int = 20) -> Errors:
        """Return where a run's model is wrong on a part of its data."""
        from cfbench.explore.recent import recent
        from cfbench.explore.residuals import errors

        trained = recent(run)
        if part == "test" and trained.predictor.ratings:
            trained.evaluate("test")  # so that the opening is counted
        return errors(trained, part, worst)

    def report(self, run: str, form: Literal["html", "markdown"] = "html", part: Part = "valid") -> str:
        """Return a report of a run as one self-contained document."""
        from cfbench.explore.dimensions import FACTORS_KEY
        from cfbench.explore.report import report

        return report(run, form, part, self._index.alike(folder.find(run), FACTORS_KEY))

    def search(self, run: str, field: Literal["user", "title"], contains: str, count: int = 20) -> list[Scored]:
        """Return labels of a run's training that contain some text."""
        from cfbench.explore.naming import search
        from cfbench.explore.recent import recent

        return search(recent(run), field, contains, count)

    def export(
        self, run: str, what: Exported, form: Form, path: str, count: int = 10, least: int = 1, force: bool = False
    ) -> str:
        """Start to write what a run learned into a file or folder."""
        return self._exports.start(run, what, form, path, count, least, force)

    def exporting(self, job: str) -> Job:
        """Return how far an export is."""
        return self._exports.status(job)

    def stop_exporting(self, job: str) -> None:
        """Stop an export."""
        self._exports.stop(job)

    def ping(self) -> float:
        """Return the clock of this machine."""
        return time.time()


def _after(state: str, run: str) -> str:
    return "there is nothing left to do" if state == "finished" else f"go on with it: cfbench runs resume {run}"
