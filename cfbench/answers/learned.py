"""What a model learned, and what it says to somebody. Users and items by label and title, codes nowhere."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Measure = Literal["cosine", "dot", "euclid"]
"""How alike two vectors are: the cosine of their angle, their dot product, or the distance between them."""

Side = Literal["item", "user"]
"""Whose factors, or biases."""

Exported = Literal["factors", "recommendations"]
"""What of a model is written into files: its factors and biases, or the first items of every user."""

Form = Literal["parquet", "safetensors", "npz", "word2vec", "projector"]
"""How factors are written."""


class Scored(Struct, frozen=True):
    """A label with a number and how often training saw it: a prediction or a similarity."""

    label: str
    title: str
    value: float
    count: int


class Bias(Scored, frozen=True):
    """A bias; the true one lies within `within` of it with 95 % certainty, None where nothing tells."""

    within: float | None = None


class Ends(Struct, frozen=True):
    """The highest and the lowest of a field's labels, each list starting with its extreme."""

    top: tuple[Bias, ...]
    bottom: tuple[Bias, ...]


class Recommended(Scored, frozen=True):
    """An item, the prediction, and what is known of it: `seen` with the user, and its `rating`, None where not."""

    seen: bool = False
    rating: float | None = None


class Recommendations(Struct, frozen=True):
    """The items with the highest predictions for a user.

    Attributes:
        user: label, "" for somebody new.
        ratings: how many of the user's training knows, or were given.
        mean: of these ratings.
        unseen: all items that were ranked, of which these are the first: those that the conditions leave, less what the
            user rated, unless that was asked for too.
        items: highest first.
        ranks: whether the model only puts items in order, so that values are scores in no unit.
    """

    user: str
    ratings: int
    mean: float
    unseen: int
    items: tuple[Recommended, ...]
    ranks: bool = False


class Term(Struct, frozen=True):
    """A part of a score.

    Attributes:
        name: "global mean", "user bias", "item bias", "factor 3", "38 other factors".
        value: what it adds.
        user: the user's number in a product, None where it is none.
        item: the item's.
        because: the rated title that moved the user's factor most this way, "" where there is none.
    """

    name: str
    value: float
    user: float | None = None
    item: float | None = None
    because: str = ""


class Support(Struct, frozen=True):
    """An item that the user rated, and how much that rating moves the score: above 0 where it lifts it."""

    label: str
    title: str
    rating: float
    weight: float


class Explanation(Struct, frozen=True):
    """A score as a sum.

    Attributes:
        user: label, "" for somebody new.
        item: label.
        title: the item's.
        terms: biggest first, whatever their sign; they add up to `score`.
        score: before squashing.
        y_range: what it is squashed into, or None.
        prediction: on the rating scale where the model predicts ratings.
        rating: what the user gave it in the data, None where nothing.
        part: where that rating is: train, valid, test; "" where there is none, or somebody new gave it.
        supports: rated titles that move the score most, as if the user's vector were solved from the user's ratings, or
            by `left_out`.
        left_out: whether the supports' weights are what the model's own score lacks when it scores again with the title
            left out of what the user rated: differences that need not add up to the score.
        untried: rated titles that were not left out in turn, being too many; those rated highest were.
        solved: what `score` would be by the vector that is solved from the ratings, of which supports and reasons tell;
            None where they tell of `score` itself.
        far: whether it is so far from `score` that they do not tell of that; no term has a reason then.
        ranks: whether the model only puts items in order, so that `prediction` is a score in no unit.
    """

    user: str
    item: str
    title: str
    terms: tuple[Term, ...]
    score: float
    y_range: tuple[float, float] | None
    prediction: float
    rating: float | None
    supports: tuple[Support, ...]
    part: str = ""
    left_out: bool = False
    untried: int = 0
    solved: float | None = None
    far: bool = False
    ranks: bool = False


class Axis(Struct, frozen=True):
    """An axis of a map.

    Attributes:
        component: which one, from 1.
        share: of the factors' whole variance, from 0 to 1.
        low: titles at its lower end, the outermost first.
        high: likewise at its upper end.
    """

    component: int
    share: float
    low: tuple[str, ...]
    high: tuple[str, ...]


class Point(Struct, frozen=True):
    """A point of a map by name; `group` is its label of the field that the map is coloured by, or ""."""

    label: str
    title: str
    x: float
    y: float
    count: int
    group: str = ""


class Moved(Struct, frozen=True):
    """How far a point went since the frame before, as a share of the map's width, and where to in degrees."""

    label: str
    title: str
    distance: float
    angle: float


class FactorMap(Struct, frozen=True):
    """The factors of items, or users, along two principal components.

    Attributes:
        step: the checkpoint's step.
        of: whose factors.
        x: the axis across.
        y: the axis upwards.
        window: left, right, bottom, top of what is shown.
        whole: likewise of all points.
        columns: dots across.
        rows: dots upwards.
        groups: at most 4 of the field that it is coloured by, then "other": the labels that most points have, most
            first, or quarters of all points' numbers, lowest first. A point with several of these labels is in the
            group of the rarest of them.
        dots: for each group, or the one group "" where none was asked for, the dots that hold a point: row * columns +
            column, row 0 on top.
        named: points with titles: the chosen one first, wherever it is, then those in the window with most training
            rows, few enough to be read.
        shown: points in the window.
        drawn: of these the ones in `dots`: all, or those with most training rows.
        total: points.
        moved: what moved most since the frame before, furthest first; empty where there is none before.
        median_move: of all points, as a share of the map's width, None where there is none before.
        sentence: what it shows and what it does not.
        turned: it was turned to follow the frame before, so that `x` and `y` are directions in the plane (or space) of
            the components up to the higher of the two, and no longer components; their shares are those of the turned
            directions.
    """

    step: int
    of: Side
    x: Axis
    y: Axis
    window: tuple[float, float, float, float]
    whole: tuple[float, float, float, float]
    columns: int
    rows: int
    groups: tuple[str, ...]
    dots: tuple[tuple[int, ...], ...]
    named: tuple[Point, ...]
    shown: int
    drawn: int
    total: int
    moved: tuple[Moved, ...]
    median_move: float | None
    sentence: str
    turned: bool = False


class Cell(Struct, frozen=True):
    """A user's rating of an item, None where there is none, the prediction, and prediction - rating if it has a unit.

    `part` says where the rating is: train, valid, test, or "" where there is none.
    """

    rating: float | None
    prediction: float
    error: float | None
    part: str = ""


class PredictedTab(Struct, frozen=True):
    """A corner of the table of users by items: for each user, for each item a cell.

    Attributes:
        users: labels.
        items: labels.
        titles: of the items.
        cells: by user, then by item.
        ranks: whether the model only puts items in order, so that predictions are scores in no unit.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    titles: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    ranks: bool = False


class StepDrawn(Struct, frozen=True):
    """An item that the sampler drew beside a row of the batch.

    Attributes:
        item: label.
        title: the item's.
        before: the prediction of it for the row's user before the step.
        after: and after it.
        alone: the loss of the row beside this one alone, before the step.
        slope: of the batch's loss by `before`.
    """

    item: str
    title: str
    before: float
    after: float
    alone: float
    slope: float


class StepRow(Struct, frozen=True):
    """A row of the batch.

    Attributes:
        user: label.
        item: label.
        title: the item's.
        target: what was rated.
        before: the prediction before the step.
        after: and after it.
        error: before - target, None where the loss is of drawn items and the target nothing to be compared with.
        score: before squashing, None where the model has no tables.
        products: user times item for each column of the tables that is a factor.
        rest: the sum of the products that are not shown.
        slope: of the batch's loss, l2 left out, by `before`.
        drawn: items drawn beside it at this step, where the loss is of such; the first few of them.
        more_drawn: how many others.
    """

    user: str
    item: str
    title: str
    target: float
    before: float
    after: float
    error: float | None
    score: float | None
    products: tuple[float, ...]
    rest: float
    slope: float = 0.0
    drawn: tuple[StepDrawn, ...] = ()
    more_drawn: int = 0


class StepTable(Struct, frozen=True):
    """A row of the model's tables that the batch looks up: bias first where there is one, then factors.

    Attributes:
        of: whose.
        label: whose.
        title: in words.
        before: the numbers before the step.
        gradient: of the loss by each.
        update: after - before.
        after: the numbers after it.
        drawn: an item that only was drawn beside a row.
    """

    of: Side
    label: str
    title: str
    before: tuple[float, ...]
    gradient: tuple[float, ...]
    update: tuple[float, ...]
    after: tuple[float, ...]
    drawn: bool = False


class OneHot(Struct, frozen=True):
    """A one-hot matrix times a table beside a look-up in it.

    Attributes:
        of: whose table.
        batch: rows of the one-hot matrix.
        labels: columns of it, and rows of the table.
        values_apart: the largest difference of the two results.
        gradients_apart: the largest difference of the table's gradients.
        one_hot_bytes: of the one-hot matrix.
        look_up_bytes: of the codes.
    """

    of: Side
    batch: int
    labels: int
    values_apart: float
    gradients_apart: float
    one_hot_bytes: int
    look_up_bytes: int


class StepView(Struct, frozen=True):
    """One step of gradient descent, as the engine takes it.

    Attributes:
        step: steps that were done before; 0: the untrained model.
        model: its name.
        loss_name: its name.
        optimizer: its name.
        lr: the learning rate of this step, after the schedule's end that of its last one.
        columns: names of the tables' columns: "bias", "f1", "f2" and so on.
        left_out: factors that are not shown.
        rows: of the batch.
        tables: each row that the batch looks up, once, drawn items last.
        loss: of the batch before the step, l2 left out.
        loss_after: and after it.
        penalty: what l2 adds to the loss.
        y_range: what scores are squashed into, or None.
        one_hot: for the table of users and that of items.
        loss_says: what the loss is, in a few words of its own.
        highest_lr: the schedule's highest rate.
        steps: how many the schedule is made for.
    """

    step: int
    model: str
    loss_name: str
    optimizer: str
    lr: float
    columns: tuple[str, ...]
    left_out: int
    rows: tuple[StepRow, ...]
    tables: tuple[StepTable, ...]
    loss: float
    loss_after: float
    penalty: float
    y_range: tuple[float, float] | None
    one_hot: tuple[OneHot, ...]
    loss_says: str = ""
    highest_lr: float = 0.0
    steps: int = 0


class Rule(Struct, frozen=True):
    """A rule of thumb for the number of factors of n labels: its formula, where it is from, what it says."""

    of: Side
    labels: int
    formula: str
    source: str
    factors: int


class Tried(Struct, frozen=True):
    """A run that differs in its number of factors alone; `se` is the standard error over users, None where unknown."""

    n_factors: int
    run: str
    value: float
    se: float | None


class Dimensions(Struct, frozen=True):
    """How many factors a model has, and how many it uses.

    Attributes:
        n_factors: the model's.
        rules: rules of thumb.
        shares: of the variance of all scores, of each direction, largest first, at most 64.
        effective: the participation ratio of these shares.
        dead: factors (from 1) that change no score, at most 64 of them.
        n_dead: how many there are.
        metric: what the runs beside it were measured by.
        better: which way is better.
        tried: runs of the same experiment with other numbers of factors, few factors first, itself among them.
        picked: the fewest factors within one standard error of the best, None where fewer than two were tried.
    """

    n_factors: int
    rules: tuple[Rule, ...]
    shares: tuple[float, ...]
    effective: float
    dead: tuple[int, ...]
    n_dead: int
    metric: str
    better: str
    tried: tuple[Tried, ...]
    picked: int | None


class ErrorGroup(Struct, frozen=True):
    """Rows that have something in common: the mean of prediction - rating, and the root of its mean square."""

    name: str
    rows: int
    mean: float
    rmse: float


class CalibrationBin(Struct, frozen=True):
    """Rows with predictions close to each other: their mean, and the mean of what was rated, give or take `within`.

    That is None where one row tells nothing about it.
    """

    rows: int
    predicted: float
    rated: float
    within: float | None


class Miss(Struct, frozen=True):
    """A row that the model got wrong."""

    user: str
    item: str
    title: str
    rating: float
    prediction: float
    error: float


class Errors(Struct, frozen=True):
    """Where a model is wrong, on a part of its data.

    Attributes:
        part: valid or test.
        rows: of it.
        mean: of prediction - rating.
        rmse: the root of its mean square.
        by: "rating", "user" (by their training rows), "item" (likewise), "age" (since the item's first rating, where
            there are times) -> groups in order.
        calibration: by prediction, tenths of the rows.
        worst: the largest errors, worst first.
    """

    part: str
    rows: int
    mean: float
    rmse: float
    by: dict[str, tuple[ErrorGroup, ...]]
    calibration: tuple[CalibrationBin, ...]
    worst: tuple[Miss, ...]


class Job(Struct, frozen=True):
    """How far an export is.

    Attributes:
        id: its name.
        state: running, done, failed or stopped.
        done: of `total`, in what it counts (users).
        total: in all; 0 where that is not known.
        paths: files that were written, when it is done.
        error: why it failed, in a sentence.
        bad_input: the user can mend that.
    """

    id: str
    state: Literal["running", "done", "failed", "stopped"]
    done: int = 0
    total: int = 0
    paths: tuple[str, ...] = ()
    error: str = ""
    bad_input: bool = False
