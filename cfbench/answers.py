"""What the work answers to the faces: typed data, nothing else."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class LayoutPart(Struct, frozen=True):
    """One part of how a file is written, such as its separator.

    Attributes:
        name: a parameter of the file's reader: separator, header, encoding and so on.
        value: in words.
        guessed: it was guessed from the file rather than given.
    """

    name: str
    value: str
    guessed: bool


class SourceFile(Struct, frozen=True):
    """A file that was read.

    Attributes:
        name: its name without the folder.
        table: which table it belongs to: ratings, items or users.
        rows: how many rows it has.
        layout: how it is written.
        reader: the reader plugin that reads it.
        why: what that reader saw in it.
    """

    name: str
    table: str
    rows: int
    layout: tuple[LayoutPart, ...]
    reader: str = "delimited"
    why: str = ""


class Column(Struct, frozen=True):
    """A column of a file and what it is taken for.

    Attributes:
        table: ratings, items or users.
        name: its name in the file.
        role: user, item, target, time, id, title, categorical, continuous, multilabel, or "" where it is not used.
        reason: why it has that role, in a few words.
    """

    table: str
    name: str
    role: str
    reason: str


class Bar(Struct, frozen=True):
    """Rows whose target lies between `low` and `high`, both included; equal ends mean one value."""

    low: float
    high: float
    count: int


class Row(Struct, frozen=True):
    """A row in human words; `time` is UTC in ISO 8601, or None."""

    user: str
    item: str
    target: float
    time: str | None


class Finding(Struct, frozen=True):
    """Something to know of the data.

    Attributes:
        level: "wrong" where it most likely is a mistake, "look" where somebody should look, "note" where something was
            dropped or changed, "fine" where all is as it should be.
        what: what was found, with its number.
        mend: what to do about it, "" where nothing is.
    """

    level: Literal["wrong", "look", "note", "fine"]
    what: str
    mend: str = ""


class CrossTab(Struct, frozen=True):
    """A dense corner of the table of users by items, by name.

    Attributes:
        users: labels, those with most rows first.
        items: titles, those with most rows first.
        cells: for each user, for each item the target, None where there is none; the last one where a pair repeats.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]


class DataProfile(Struct, frozen=True):
    """What `data describe` says of interactions.

    Attributes:
        key: the name under which the imported data are kept.
        fingerprint: a hash of all coded columns and labels.
        files: the files they came from, ratings first.
        columns: every column of these files.
        read: rows read.
        kept: rows kept.
        dropped: reason -> rows.
        users: how many.
        items: how many.
        density: kept rows by users times items; above 1 where pairs repeat.
        feedback: "explicit", or "implicit" where every target is the same.
        targets: the histogram, at most 12 bars.
        target_mean: mean target.
        time_first: the earliest time, UTC in ISO 8601, or None.
        time_last: the latest.
        duplicates: rows that repeat a pair of user and item.
        conflicts: pairs that repeat with another target.
        shared_titles: titles that several items' ids bear.
        merged_items: items that became one with another by their title.
        fields: further field -> its number of labels, 0 for numbers.
        first: the first rows.
        item_tail: rows of items, most first, at evenly spaced ranks from the first to the last, at most 256.
        user_tail: likewise of users.
        half_items: the share of items that holds half of all rows.
        half_users: likewise of users.
        single_items: items with one row.
        single_users: users with one row.
        times: rows over time, in at most 64 equal spans of Unix seconds; empty where there is no time.
        ties: the share of rows that share their second with another of the same user, None where there is no time; of
            a sample of users where there are many rows.
        merged: titles that several items' ids bear, and how many; most first, at most 50.
        missing: role -> rows read without it.
        zeros: rows read whose target is 0.
        crosstab: the items with most rows, and the users with most rows among them.
        findings: what to know, what to look at first; each says what to do.
    """

    key: str
    fingerprint: str
    files: tuple[SourceFile, ...]
    columns: tuple[Column, ...]
    read: int
    kept: int
    dropped: dict[str, int]
    users: int
    items: int
    density: float
    feedback: str
    targets: tuple[Bar, ...]
    target_mean: float
    time_first: str | None
    time_last: str | None
    duplicates: int
    conflicts: int
    shared_titles: int
    merged_items: int
    fields: dict[str, int]
    first: tuple[Row, ...]
    item_tail: tuple[int, ...]
    user_tail: tuple[int, ...]
    half_items: float
    times: tuple[Bar, ...]
    half_users: float = 0.0
    single_items: int = 0
    single_users: int = 0
    ties: float | None = None
    merged: tuple[tuple[str, int], ...] = ()
    missing: dict[str, int] = {}
    zeros: int = 0
    crosstab: CrossTab = CrossTab((), (), ())
    findings: tuple[Finding, ...] = ()


class Preview(Struct, frozen=True):
    """What the beginning of rating files tells, before they are imported.

    Attributes:
        files: how each is written; their rows are not counted.
        columns: every column, and what it is taken for.
        shown: the columns of user, item or title, target and time, as far as there are such.
        rows: the first rows of these columns, as text.
        size: bytes of the rating files, unpacked.
    """

    files: tuple[SourceFile, ...]
    columns: tuple[Column, ...]
    shown: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    size: int


class Entry(Struct, frozen=True):
    """A file or folder; `size` in bytes, `modified` in Unix seconds."""

    name: str
    path: str
    folder: bool
    size: int
    modified: float


class Folder(Struct, frozen=True):
    """What is in a folder of the machine where the bench is.

    Attributes:
        path: absolute.
        parent: the folder above, "" for the topmost.
        entries: folders first, each by name; hidden ones left out.
        left_out: entries beyond the first 2,000.
    """

    path: str
    parent: str
    entries: tuple[Entry, ...]
    left_out: int


class RowPage(Struct, frozen=True):
    """Rows in human words from `offset` on, of `total`."""

    offset: int
    total: int
    rows: tuple[Row, ...]


class LabelPage(Struct, frozen=True):
    """Labels of a field that contain what was asked for, from `offset` on.

    Attributes:
        offset: of the first label here among those that fit.
        fitting: how many fit.
        total: how many the field has, "#na#" included.
        labels: as (code, label), by code.
    """

    offset: int
    fitting: int
    total: int
    labels: tuple[tuple[int, str], ...]


Part = Literal["valid", "test"]
"""Rows to measure a model on."""

Checkpoint = Literal["auto", "last", "best"]
"""Which state of a model: "auto" is the best by valid loss where the run stops early, else the last."""

Verb = Literal["stop", "pause", "resume", "kill"]
"""What can be asked of a run that is alive."""

RunState = Literal["queued", "running", "paused", "finished", "failed", "stopped", "lost"]


class RunSummary(Struct, frozen=True):
    """A run at a glance.

    Attributes:
        id: its folder's name.
        state: derived from its events and its lock.
        reason: why it failed, stopped or was lost; else empty.
        exit_code: what a command that waited for it exits with: 0 only where it finished or is alive.
        created: Unix seconds.
        group: what it belongs to: folds, seeds.
        seed: the experiment's.
        fold: which one, from 1, or None.
        data: the data's sources.
        model: the model's full name.
        epochs: planned.
        epochs_done: done.
        step: steps done.
        steps: planned.
        epoch: the one whose model counts, from 1, or None: the best by valid loss where the run stops early, else the
            last; what evaluate and predict use.
        valid_loss: of that epoch, or None.
        metrics: of that epoch, on valid; None where a metric was no finite number.
        best_valid_loss: of all epochs, or None.
        split_hash: equal where runs may be compared.
        damaged_lines: numbers of lines of its events that can't be read.
        path: its folder.
        note: what somebody wrote about it.
        pinned: it shall stand first in lists and be drawn beside every run.
        seconds: of work so far, pauses left out.
    """

    id: str
    state: RunState
    reason: str
    exit_code: int
    created: float
    group: str
    seed: int
    fold: int | None
    data: tuple[str, ...]
    model: str
    epochs: int
    epochs_done: int
    step: int
    steps: int
    epoch: int | None
    valid_loss: float | None
    metrics: dict[str, float | None]
    best_valid_loss: float | None
    split_hash: str
    damaged_lines: tuple[int, ...]
    path: str
    note: str
    pinned: bool
    seconds: float


class RunChanges(Struct, frozen=True):
    """What changed among the runs.

    Attributes:
        token: says what is known now; give it back to hear of later changes, or of the rest at once where there are
            more than 2,000.
        changed: runs that are new or look different.
        gone: ids of runs that are no longer there.
        whole: the token told nothing, so `changed` starts over: runs that it does not name are not there.
    """

    token: str
    changed: tuple[RunSummary, ...]
    gone: tuple[str, ...]
    whole: bool = False


class Curve(Struct, frozen=True):
    """A measured value over epochs, thinned: of the points that fall into one, the lowest and the highest are kept.

    Attributes:
        name: "train" and "lr" of steps, "train_epoch", "valid" or a metric's name of epochs.
        x: in epochs, increasing; the end of the point.
        low: lowest value; None where one was no finite number.
        high: highest value; None likewise.
        single: how many points, the newest, are one value each.
    """

    name: str
    x: list[float]
    low: list[float | None]
    high: list[float | None]
    single: int = 0


class History(Struct, frozen=True):
    """A run's past, small enough to travel whole whatever its length; go on with events from `offset`.

    Attributes:
        run: its id.
        key: of its events' file, another one where the file was replaced.
        offset: bytes of events that are in here.
        steps_an_epoch: steps, or 0 where no epoch is known.
        curves: by name.
        epochs: the newest epochs' events of the effective history, oldest first, at most 1,000.
        last: the newest event of each kind but step and epoch.
    """

    run: str
    key: str
    offset: int
    steps_an_epoch: float
    curves: tuple[Curve, ...]
    epochs: list[dict[str, Any]]
    last: dict[str, dict[str, Any]]


class Evaluation(Struct, frozen=True):
    """A run's model measured on one part of its data.

    Attributes:
        run: its id.
        part: "valid" or "test".
        rows: rows measured on.
        step: the checkpoint's step.
        checkpoint: "last" or "best".
        loss: the experiment's loss, None where the model only puts items in order.
        metrics: name -> value; None where it was no finite number.
        unseen: rows whose user, or item, training did not see.
        test_openings: how often the run's test part has been measured, this time included.
        split_hash: equal where values may be compared.
        standard_errors: name -> standard error of the mean over users, of metrics with a value a user.
        users: users measured on.
        slices: "warm", "cold" (user or item unseen in training), "head" (the fifth of the items with most training
            rows), "tail" -> name -> value; those without rows are left out.
        slice_rows: slice -> rows.
        findings: what makes the values doubtful.
    """

    run: str
    part: str
    rows: int
    step: int
    checkpoint: str
    loss: float | None
    metrics: dict[str, float | None]
    unseen: dict[str, int]
    test_openings: int
    split_hash: str
    standard_errors: dict[str, float] = {}
    users: int = 0
    slices: dict[str, dict[str, float | None]] = {}
    slice_rows: dict[str, int] = {}
    findings: tuple[Finding, ...] = ()


class Spread(Struct, frozen=True):
    """A metric over n runs: mean, and standard deviation where there are two or more; None where no run has a value."""

    mean: float | None
    sd: float | None
    n: int


class Compared(Struct, frozen=True):
    """Runs of one experiment, over its seeds and folds, or a baseline, as one line of a comparison.

    Attributes:
        name: short and unlike the others'.
        model: its title.
        runs: ids; none of a baseline.
        seeds: of the runs.
        folds: of the runs, 0 where the splitter makes none.
        values: metric -> what it reached.
        seconds: of training, all runs together; 0 of a baseline.
        trials: different settings that were tried in its group, as a search does; or 1.
        trial_seconds: of all runs of that group.
        baseline: it joined by itself.
        below: metric -> the baseline that is better, the best one.
        findings: what makes its values doubtful.
    """

    name: str
    model: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    folds: tuple[int, ...]
    values: dict[str, Spread]
    seconds: float
    trials: int
    trial_seconds: float
    baseline: bool
    below: dict[str, str]
    findings: tuple[Finding, ...]


class Difference(Struct, frozen=True):
    """Two lines of a comparison, paired by users on the same splits; `first` is the better one.

    Attributes:
        metric: of which.
        first: a line's name.
        second: another's.
        n: users with a value of both; a user counts once for each split.
        difference: mean of first - second over them; each user counts once, unlike in an error over all rows.
        effect: that mean by the standard deviation of the differences (Cohen's d); None where they are all the same.
        low: lower end of its 95 % bootstrap interval.
        high: upper end.
        p: of the paired t test, two-sided.
        adjusted: p by Holm, for all differences of this metric that are shown.
    """

    metric: str
    first: str
    second: str
    n: int
    difference: float
    effect: float | None
    low: float
    high: float
    p: float
    adjusted: float


class Comparison(Struct, frozen=True):
    """What runs reached on the same rows.

    Attributes:
        part: "valid" or "test".
        metrics: in order.
        better: metric -> which way is better.
        lines: what is compared, baselines last.
        differences: pairs of lines, tested.
        splits: hashes of the splits that all lines have.
        findings: what makes it unfair, and what was left out.
    """

    part: str
    metrics: tuple[str, ...]
    better: dict[str, str]
    lines: tuple[Compared, ...]
    differences: tuple[Difference, ...]
    splits: tuple[str, ...]
    findings: tuple[Finding, ...]


class Prediction(Struct, frozen=True):
    """A predicted target; `known` is false where training saw the user, or the item, or both, not at all."""

    user: str
    item: str
    prediction: float
    known: bool


class LoaderPreview(Struct, frozen=True):
    """What training will see of the data.

    Attributes:
        rows: part -> number of rows.
        dropped: reason -> rows in no part.
        unseen: part -> rows whose user, or item, training does not see.
        batch_size: rows a step.
        steps_an_epoch: steps.
        shapes: of a batch: x, categorical, continuous, target.
        classes: field -> number of labels, "#na#" included.
        batch: the first rows of a training batch, in words.
        batch_number: which one, from 1.
        repeated: pairs of user and item that stand in training and in another part.
        split_hash: equal for equal data and rows.
        findings: what one part knows of another, what was dropped, and why.
    """

    rows: dict[str, int]
    dropped: dict[str, int]
    unseen: dict[str, dict[str, int]]
    batch_size: int
    steps_an_epoch: int
    shapes: dict[str, tuple[int, ...]]
    classes: dict[str, int]
    batch: tuple[dict[str, str | float], ...]
    batch_number: int
    repeated: int
    split_hash: str
    findings: tuple[Finding, ...] = ()


class Cost(Struct, frozen=True):
    """What a training will cost, from a few steps taken for the purpose.

    Attributes:
        parameters: numbers that are learned; of a model that trains itself all that it keeps.
        tables: parameter's name -> its shape, in the model's order.
        model_bytes: of the parameters.
        optimizer_bytes: of the optimizer's own state after a step.
        steps_an_epoch: steps.
        seconds_an_epoch: of training, measuring on valid left out; 0 where the model trains itself.
        seconds: of the whole training.
        device: where.
        threads: of the CPU.
    """

    parameters: int
    tables: dict[str, tuple[int, ...]]
    model_bytes: int
    optimizer_bytes: int
    steps_an_epoch: int
    seconds_an_epoch: float
    seconds: float
    device: str
    threads: int


class LrCurve(Struct, frozen=True):
    """The loss of a short training while its learning rate grew, step by step.

    Attributes:
        rates: learning rates, growing by the same factor.
        losses: smoothed losses.
        suggestion: the rate at which the loss falls most steeply, None where it never does.
        ended: why the test ended.
    """

    rates: list[float]
    losses: list[float]
    suggestion: float | None
    ended: str


class Rate(Struct, frozen=True):
    """What a schedule sets before a step: the learning rate, and the momentum or None."""

    step: int
    lr: float
    momentum: float | None


class Scored(Struct, frozen=True):
    """A label with a number and how often training saw it: a bias, a prediction or a similarity."""

    label: str
    title: str
    value: float
    count: int


class Ends(Struct, frozen=True):
    """The highest and the lowest of a field's labels, each list starting with its extreme."""

    top: tuple[Scored, ...]
    bottom: tuple[Scored, ...]


class Recommendations(Struct, frozen=True):
    """The unseen items with the highest predictions for a user.

    Attributes:
        user: label.
        ratings: how many of the user's training knows.
        mean: of these ratings.
        unseen: items that were ranked.
        items: highest first.
    """

    user: str
    ratings: int
    mean: float
    unseen: int
    items: tuple[Scored, ...]


class EventPage(Struct, frozen=True):
    """Events of a run from one byte offset to the next.

    Attributes:
        events: in the order they were written.
        offset: bytes up to the end of these events; below the offset asked for where they start over.
        alive: whether there may be more: the run is alive, or not all of its events are in this page.
        key: of the events' file; another one than before where they start over.
    """

    events: list[dict[str, Any]]
    offset: int
    alive: bool
    key: str


DatasetState = Literal["here", "partly here", "not here", "made when opened"]


class DatasetCard(Struct, frozen=True):
    """A data set that has a name.

    Attributes:
        name: what `[data] source` calls it.
        full_name: "package:name".
        title: for people.
        summary: one line.
        licence: the terms in a few words.
        may_share: whether they allow to pass it on; None where they do not say.
        page: where it comes from.
        citation: how its makers wish to be cited.
        rows: as published, 0 where that is not known.
        users: likewise.
        items: likewise.
        size: bytes to fetch, 0 where that is not known.
        state: whether it is here.
        folder: where its files are, "" where they are not; of one that is made, the folder that was made last.
        on_disk: their bytes, in all folders.
        splits: published splits by name, and their files.
    """

    name: str
    full_name: str
    title: str
    summary: str
    licence: str
    may_share: bool | None
    page: str
    citation: str
    rows: int
    users: int
    items: int
    size: int
    state: DatasetState
    folder: str
    on_disk: int
    splits: dict[str, list[str]]


class Fetch(Struct, frozen=True):
    """How far a data set is being fetched.

    Attributes:
        name: the data set's full name.
        state: running, done, failed or stopped.
        here: bytes that have come.
        total: bytes in all, 0 where that is not known.
        rate: bytes a second, lately.
        folder: where its files are, when it is done.
        error: why it failed, in a sentence.
        bad_input: the user can mend that.
    """

    name: str
    state: Literal["running", "done", "failed", "stopped"]
    here: int = 0
    total: int = 0
    rate: float = 0.0
    folder: str = ""
    error: str = ""
    bad_input: bool = False


class CachedData(Struct, frozen=True):
    """Imported data that are kept.

    Attributes:
        key: their name.
        sources: the files they came from.
        rows: how many.
        size: bytes, counted once where several entries share a file.
        used: Unix seconds when they were last opened, or kept.
    """

    key: str
    sources: tuple[str, ...]
    rows: int
    size: int
    used: float
