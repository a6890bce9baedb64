"""What every face can ask for. Arguments and answers are plain data, so that they can travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

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
from cfbench.experiment import Data, Experiment
from cfbench.registry.declarations import Declaration, Scan


class Bench(Protocol):
    """Where data, plugins and runs are. Every method raises CfbenchError where it can't do what is asked."""

    def plugins(self, refresh: bool = False) -> Scan:
        """Return all plugins as data; `refresh` looks at each anew."""

    def plugin(self, name: str, kind: str = "") -> Declaration:
        """Return the declaration of that name, of any kind where none is said."""

    def describe(self, data: Data, verify: bool = False) -> DataProfile:
        """Return what there is to know of data, reading and keeping them if that was not done before.

        Files that look unchanged are believed to be so, unless `verify` hashes them again.
        """

    def sample(self, data: Data) -> Preview:
        """Return what the beginning of the files tells, within a moment whatever their size; nothing is imported."""

    def datasets(self) -> list[DatasetCard]:
        """Return the data sets that have a name, and which of them are here."""

    def fetch(self, name: str, source: str = "", any_version: bool = False) -> None:
        """Start to fetch a data set, or to take it from an archive or folder `source`; asking twice does no harm."""

    def fetching(self, name: str) -> Fetch:
        """Return how far the fetch of a data set is that was started here."""

    def stop_fetching(self, name: str) -> None:
        """Ask a fetch to stop; what came is gone on with next time."""

    def remove_dataset(self, name: str) -> int:
        """Remove what is here of a data set, fetched or made; return the bytes that became free."""

    def cached(self) -> list[CachedData]:
        """Return the imported data that are kept, those that were used last first."""

    def forget(self, keys: Sequence[str] = ()) -> int:
        """Remove imported data by their keys, all where none is named; return how many. Runs do not need them."""

    def browse(self, folder: str = "") -> Folder:
        """Return what is in a folder where the bench is; "" is the folder it was started in."""

    def rows(self, data: Data, offset: int = 0, count: int = 100, order: str = "", contains: str = "") -> RowPage:
        """Return interactions in human words; `count` is at most 1,000.

        `order` is "" for the files' order, or user, item, target, time, "-" before it for the largest first; `contains`
        leaves those whose user or title holds a text.
        """

    def labels(self, data: Data, field: str, contains: str = "", offset: int = 0, count: int = 100) -> LabelPage:
        """Return labels of "user", "item", "title" or a categorical field, upper and lower case alike."""

    def template(self, data: Data, model: str = "", split: str = "") -> str:
        """Return a commented TOML to start from: the data's roles as guessed, every setting with its default.

        `split` is a published one of the data set that `data` names.
        """

    def check(self, experiment: Experiment, where: str = "") -> Experiment:
        """Return the experiment resolved: full plugin names, complete and checked parameters."""

    def preview(self, experiment: Experiment, rows: int = 10, batch: int = 1) -> LoaderPreview:
        """Return what a checked experiment's training will see, with the first rows of a batch of it in words."""

    def cost(self, experiment: Experiment) -> Cost:
        """Return what training a checked experiment will cost."""

    def rates(self, experiment: Experiment, points: int = 200) -> list[Rate]:
        """Return a checked experiment's schedule at evenly spaced steps, from the first to the last."""

    def find_lr(self, experiment: Experiment) -> LrCurve:
        """Return the loss of a short training of a checked experiment while its learning rate grows."""

    def start(self, experiment: Experiment, folds: bool = False, seeds: int = 1) -> list[str]:
        """Start workers for a checked experiment, one for each fold and seed; return the runs' ids."""

    def runs(self) -> list[RunSummary]:
        """Return all runs, oldest first."""

    def run(self, wanted: str) -> RunSummary:
        """Return the run of an id, of the start or end of one, or "last"."""

    def experiment(self, run: str) -> Experiment:
        """Return what a run was started with, complete and resolved."""

    def changes(self, token: str = "", wait: float = 0.0) -> RunChanges:
        """Return the runs that changed since a token was given, or all; wait up to `wait` seconds for a change."""

    def differences(self, runs: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """Return for each run the settings (key path -> value) in which these runs, or all runs, differ."""

    def annotate(self, run: str, note: str | None = None, pinned: bool | None = None) -> RunSummary:
        """Set a run's note, or whether it is pinned; None leaves what is there."""

    def restore(self, trashed: str) -> str:
        """Put a run back that `delete` moved to the trash; return its id."""

    def history(self, run: str, points: int = 400) -> History:
        """Return a run's past in at most so many points a curve, from 16 to 5,000."""

    def events(self, run: str, offset: int = 0, wait: float = 0.0, key: str = "") -> EventPage:
        """Return a run's events from a byte offset on, at most 256 KiB of them.

        Wait up to `wait` seconds where there is none and the run is alive. Where `key` is another file's, start at 0.
        """

    def log(self, run: str, lines: int = 200) -> list[str]:
        """Return the last lines of what a run's worker and plugins printed."""

    def epochs(self, run: str) -> list[dict[str, Any]]:
        """Return a run's epochs as if it had never been interrupted: losses, metrics, whether it was the best."""

    def command(self, run: str, verb: Verb) -> None:
        """Ask a run to stop, pause or go on, or kill its worker; asking twice does no harm."""

    def resume(self, run: str) -> None:
        """Start a worker again for a run that stopped, failed or was lost."""

    def delete(self, run: str) -> str:
        """Move a run that is not alive to the trash; return where it is now."""

    def evaluate(
        self, run: str, metrics: Sequence[str] = (), part: Part = "valid", checkpoint: Checkpoint = "auto"
    ) -> Evaluation:
        """Measure a run's model on a part of its data; measuring on test is counted."""

    def compare(
        self, runs: Sequence[str], metrics: Sequence[str] = (), part: Part = "valid", baselines: bool = True
    ) -> Comparison:
        """Return what runs reached on the same rows, beside baselines that take seconds; on test it is counted."""

    def predict(self, run: str, pairs: str, checkpoint: Checkpoint = "auto") -> list[Prediction]:
        """Predict the targets of the pairs in a delimited file."""

    def biases(self, run: str, field: Side = "item", count: int = 10, least: int = 1) -> Ends:
        """Return the highest and lowest biases that a run learned, of labels with at least `least` training rows."""

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
        """Return what a run's model predicts highest among the items that training did not see with the user.

        `where` are conditions such as "genre=Drama"; `diversity` from 0 to 1; `seen` ranks what was rated too. With
        `ratings`, title or label -> rating, it is for somebody new, and `user` is "".
        """

    def ratings(self, run: str, path: str, content: str | None = None) -> dict[str, float]:
        """Return item -> rating of a file of somebody's ratings, its columns found as in the run's own data.

        With `content` that is what is read, and `path` what messages call it.
        """

    def explain(
        self,
        run: str,
        user: str,
        item: str,
        ratings: dict[str, float] | None = None,
        count: int = 12,
        supports: int = 8,
    ) -> Explanation:
        """Return the score of an item as a sum of at most `count` terms, and `supports` rated titles that move it."""

    def similar(
        self, run: str, name: str, count: int = 10, least: int = 1, measure: Measure = "cosine", side: Side = "item"
    ) -> list[Scored]:
        """Return the items, or users, whose factors are most like those of one that is named by its title or label."""

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
        """Return a window (left, right, bottom, top) of a map of the factors, in so many dots.

        `field` colours items, `chosen` is named in any case, `follow` turns the map to follow the one before.
        """

    def predicted_tab(
        self, run: str, users: Sequence[str] = (), items: Sequence[str] = (), n_users: int = 15, n_items: int = 10
    ) -> PredictedTab:
        """Return users by items with rating, prediction and error: those named, then the densest; at most 40 x 40."""

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
        """Take a step on a batch of 1 to 8 training rows, and return what it did; the run is left as it is.

        `number` says which rows, `pair` a user and item that they begin with; `lr` 0 is the schedule's own.
        """

    def dimensions(self, run: str) -> Dimensions:
        """Return how many factors a run's model has, how many it uses, and what runs with other numbers reached."""

    def sweep(self, run: str, factors: Sequence[int]) -> list[str]:
        """Start runs of the same experiment with other numbers of factors, those that are missing; return their ids."""

    def errors(self, run: str, part: Part = "valid", worst: int = 20) -> Errors:
        """Return where a run's model is wrong on a part of its data; looking at test is counted."""

    def report(self, run: str, form: Literal["html", "markdown"] = "html", part: Part = "valid") -> str:
        """Return a report of a run as one self-contained document; on test it is counted."""

    def search(self, run: str, field: Literal["user", "title"], contains: str, count: int = 20) -> list[Scored]:
        """Return labels of a run's training that contain some text, those with most rows first; the value is 0."""

    def export(
        self, run: str, what: Exported, form: Form, path: str, count: int = 10, least: int = 1, force: bool = False
    ) -> str:
        """Start to write what a run learned into a file or folder where the bench is; return a name to ask after it.

        Recommendations are `count` items a user, with at least `least` training rows, as parquet. `force` replaces.
        """

    def exporting(self, job: str) -> Job:
        """Return how far an export is that was started here."""

    def stop_exporting(self, job: str) -> None:
        """Stop an export; nothing is left of it, unless it was done."""

    def ping(self) -> float:
        """Return the clock of the machine where the bench is; a server that was pinged once leaves when pings stop."""
