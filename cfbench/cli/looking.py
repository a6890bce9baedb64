"""``cfbench map``, ``crosstab``, ``step``, ``factors`` and ``errors``: what is inside a trained model."""

from __future__ import annotations

import time
from typing import Literal

import click

from cfbench.answers import Axis, Cell, Dimensions, PredictedTab, Side, StepRow, StepView
from cfbench.cli.here import answering, bench
from cfbench.cli.output import number, print_json, print_table, say, show
from cfbench.errors import BadInput
from cfbench.text import label

_NAME = 28
_WAIT = 0.5
_FAINT = 0.01


@click.command("map")
@click.argument("run", metavar="RUN")
@click.option("--of", "side", type=click.Choice(["item", "user"]), default="item", help="Whose factors.")
@click.option("--axes", default="1,2", metavar="A,B", help="Which two principal components.")
@click.option("--least", type=click.IntRange(1), default=1, help="Only those with so many training rows.")
@click.option("--field", default="", help="A field of items that groups them.")
@click.option("--window", default="", metavar="L,R,B,T", help="Left, right, bottom, top of what is shown.")
@click.option("--chosen", default="", metavar="TITLE", help="Name this one in any case.")
@answering
def map_(run: str, side: Side, axes: str, least: int, field: str, window: str, chosen: str, as_json: bool) -> None:
    """Tell where items, or users, lie along two principal components of their factors."""
    pair = _numbers(axes, 2, "--axes", "two numbers such as 1,2")
    part = _numbers(window, 4, "--window", "four numbers such as -1,1,-1,1") if window else None
    found = bench().factor_map(
        run,
        side,
        (int(pair[0]), int(pair[1])),
        None if part is None else (part[0], part[1], part[2], part[3]),
        least=least,
        field=field,
        chosen=chosen,
    )
    if as_json:
        print_json(found)
        return
    show(f"{found.total:,} {side}s, {found.shown:,} in the window; {found.sentence}")
    for name, axis in (("across", found.x), ("upwards", found.y)):
        show(f"{name}: {_axis(axis)}")
    grouped = len(found.groups) > 1
    rows = [
        [one.title, f"{one.x:+z.3f}", f"{one.y:+z.3f}", *([one.group] if grouped else []), f"{one.count:,}"]
        for one in found.named
    ]
    print_table([side, "across", "upwards", *([field] if grouped else []), "ratings"], rows, right=[1, 2, 3 + grouped])
    left, right, bottom, top = found.window
    more = found.shown - sum(left <= one.x <= right and bottom <= one.y <= top for one in found.named)
    if more:
        dots = f"all {found.shown:,}" if found.drawn == found.shown else f"the {found.drawn:,} with most ratings"
        show(f"{more:,} more {'is' if more == 1 else 'are'} not listed: --json names no others, and has {dots} as dots")


def _numbers(text: str, count: int, option: str, wanted: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != count:
        raise BadInput(f"'{text}' is not {wanted}", where=option, mend=f"write {wanted}")
    return found


def _axis(axis: Axis) -> str:
    return f"component {axis.component}, {axis.share:.1%} of the variance, from {axis.low[0]} to {axis.high[0]}"


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--user", "users", multiple=True, metavar="LABEL", help="A user that comes first; repeat for more.")
@click.option("--item", "items", multiple=True, metavar="TITLE", help="An item that comes first; repeat for more.")
@click.option("--users", "n_users", type=click.IntRange(1, 40), default=15, help="How many users, or all named.")
@click.option("--items", "n_items", type=click.IntRange(1, 40), default=10, help="How many items, or all named.")
@answering
def crosstab(
    run: str, users: tuple[str, ...], items: tuple[str, ...], n_users: int, n_items: int, as_json: bool
) -> None:
    """Show users by items: what was rated, what is predicted, and the error; the densest where none is named."""
    found = bench().predicted_tab(run, users, items, n_users, n_items)
    if as_json:
        print_json(found)
    else:
        _print_tab(found)


def _print_tab(found: PredictedTab) -> None:
    rows = []
    comparable = any(cell.error is not None for line in found.cells for cell in line)
    for place, title in enumerate(found.titles):
        cells = [found.cells[n][place] for n in range(len(found.users))]
        rows.append([label(title, _NAME), "rated", *map(_rated, cells)])
        rows.append(["", "score" if found.ranks else "predicted", *(f"{cell.prediction:z.2f}" for cell in cells)])
        if comparable:
            rows.append(["", "error", *("" if cell.error is None else f"{cell.error:+z.2f}" for cell in cells)])
    print_table(["item", "", *found.users], rows, right=range(2, 2 + len(found.users)))
    if any(cell.part not in ("", "train") for line in found.cells for cell in line):
        show("* not in training")


def _rated(cell: Cell) -> str:
    if cell.rating is None:
        return ""
    return f"{cell.rating:g}" if cell.part == "train" else f"{cell.rating:g}*"


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--rows", "size", type=click.IntRange(1, 8), default=1, help="Rows of the batch.")
@click.option("--batch", "which", type=click.IntRange(0), default=0, help="Which batch of the first epoch, from 0.")
@click.option("--user", default="", metavar="LABEL", help="Begin with this user's rating of --item.")
@click.option("--item", default="", metavar="TITLE", help="Begin with the rating of this item by --user.")
@click.option("--trained", is_flag=True, help="From what the run learned, instead of its first values.")
@click.option("--lr", type=click.FloatRange(0, min_open=True), help="Another learning rate than the schedule's.")
@click.option("--factors", "shown", type=click.IntRange(1, 64), default=6, help="Factors to show.")
@answering
def step(
    run: str,
    size: int,
    which: int,
    user: str,
    item: str,
    trained: bool,
    lr: float | None,
    shown: int,
    as_json: bool,
) -> None:
    """Take one step of gradient descent on a few rows, and show every number of it; the run stays as it is."""
    if bool(user) != bool(item):
        raise BadInput("a row is of a user and an item", mend="give both --user and --item")
    start: Literal["untrained", "trained"] = "trained" if trained else "untrained"
    found = bench().one_step(run, size, which, start, (user, item) if user else None, lr or 0.0, shown)
    if as_json:
        print_json(found)
    else:
        _print_step(found)


def _print_step(found: StepView) -> None:
    start = f"after {found.step:,} steps" if found.step else "untrained"
    show(f"{found.model.rpartition(':')[2]} {start}; {found.optimizer.rpartition(':')[2]}, lr {found.lr:g}")
    if found.lr < _FAINT * found.highest_lr:
        where = "at its end" if found.step >= found.steps else "here"
        share = f"{found.lr / found.highest_lr:.2g} of its highest"
        say(f"{where} the schedule's rate is {share}, {found.highest_lr:.3g}; --lr takes another")
    drawn = bool(found.rows[0].drawn)
    compared = ["difference", "their loss"] if drawn else ["rated", "error"]
    print_table(
        ["user", "item", "score", "predicted", *compared, "slope", "and then"],
        [line for row in found.rows for line in _lines(row)],
        right=range(2, 8),
    )
    if found.rows[0].more_drawn:
        show(f"and {found.rows[0].more_drawn:,} more drawn beside each row")
    penalty = f", l2 adds {number(found.penalty)}" if found.penalty else ""
    show(f"loss {number(found.loss)}{penalty}; after the step {number(found.loss_after)}")
    show(f"{found.loss_name.rpartition(':')[2]}: {found.loss_says}")
    more = [f"{found.left_out} more"] if found.left_out else []
    for table in found.tables:
        show("", f"{'drawn ' if table.drawn else ''}{table.of} {table.title}")
        lines = [
            [name, *(f"{value:+z.5f}" for value in values), *(["…"] if more else [])]
            for name, values in (
                ("before", table.before),
                ("gradient", table.gradient),
                ("update", table.update),
                ("after", table.after),
            )
        ]
        print_table(["", *found.columns, *more], lines, right=range(1, len(found.columns) + 1 + len(more)))
    for one in found.one_hot:
        show(
            "",
            f"{one.of}s: a one-hot matrix of {one.batch} x {one.labels:,} times the table, and a look-up",
            f"  apart by {one.values_apart:.1e} in value, {one.gradients_apart:.1e} in gradient; "
            f"{one.one_hot_bytes:,} bytes against {one.look_up_bytes:,}",
        )


def _lines(row: StepRow) -> list[list[str]]:
    """Return the cells of a row and of the items drawn beside it."""
    compared = ["", ""] if row.error is None else [f"{row.target:g}", f"{row.error:+z.4f}"]
    score = "" if row.score is None else f"{row.score:+z.4f}"
    own = [row.user, row.title, score, f"{row.before:z.4f}", *compared, f"{row.slope:+z.4f}", f"{row.after:z.4f}"]
    beside = [
        [
            "",
            f"drawn {one.title}",
            "",
            f"{one.before:z.4f}",
            f"{row.before - one.before:+z.4f}",
            f"{one.alone:z.4f}",
            f"{one.slope:+z.4f}",
            f"{one.after:z.4f}",
        ]
        for one in row.drawn
    ]
    return [own, *beside]


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--sweep", default="", metavar="N,N,…", help="Train it with these numbers of factors first, and wait.")
@answering
def factors(run: str, sweep: str, as_json: bool) -> None:
    """Tell how many factors a run's model has, how many it uses, and how many would do."""
    if sweep:
        _sweep(run, sweep)
    found = bench().dimensions(run)
    if as_json:
        print_json(found)
    else:
        _print_dimensions(found)


def _sweep(run: str, text: str) -> None:
    try:
        wanted = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise BadInput(
            f"'{text}' is no list of whole numbers", where="--sweep", mend="write one such as 2,4,8"
        ) from error
    started = bench().sweep(run, wanted)
    say(f"{len(started)} runs were started; ctrl-c leaves them running")
    for one in started:
        while (summary := bench().run(one)).state in ("queued", "running", "paused"):
            time.sleep(_WAIT)
        value = "" if summary.valid_loss is None else f", valid loss {number(summary.valid_loss)}"
        say(f"{one} {summary.state}{value}")


def _print_dimensions(found: Dimensions) -> None:
    show(f"{found.n_factors} factors, of which the scores use {found.effective:.1f} (participation ratio)")
    dead = f"{found.n_dead} change no score" + (f": {', '.join(map(str, found.dead))}" if found.dead else "")
    show(f"of the factors {dead}" if found.n_dead else "no factor is dead")
    total, rows = 0.0, []
    for place, share in enumerate(found.shares[:12], 1):
        total += share
        rows.append([str(place), f"{share:z.1%}", f"{total:.1%}"])
    print_table(["direction", "variance", "so far"], rows, right=[0, 1, 2])
    show("", "rules of thumb")
    rules = [[one.of, f"{one.labels:,}", one.formula, str(one.factors), one.source] for one in found.rules]
    print_table(["of", "labels", "rule", "factors", "source"], rules, right=[1, 3])
    if found.picked is None:
        show("", "no runs beside it: --sweep 2,4,8,16 trains some")
        return
    show("", f"runs that differ in their factors alone, {found.metric} on valid")
    tried = [
        [str(one.n_factors), number(one.value), "" if one.se is None else f"± {one.se:.2g}", one.run]
        for one in found.tried
    ]
    print_table(["factors", found.metric, "± se", "run"], tried, right=[0, 1, 2])
    show(f"the fewest within one standard error of the best: {found.picked}")


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--test", is_flag=True, help="Of the test rows; the run counts how often they are opened.")
@click.option("-n", "worst", type=click.IntRange(1, 1000), default=10, help="How many of the worst misses.")
@answering
def errors(run: str, test: bool, worst: int, as_json: bool) -> None:
    """Tell where a run's model is wrong: by rating, user, item and age, how calibrated it is, its worst misses."""
    found = bench().errors(run, "test" if test else "valid", worst)
    if as_json:
        print_json(found)
        return
    show(f"{found.part}: {found.rows:,} rows, mean error {found.mean:+z.3f}, RMSE {found.rmse:.4f}")
    names = {
        "rating": "by rating",
        "user": "by ratings that training has of the user",
        "item": "by ratings that training has of the item",
        "age": "by time since the item's first rating",
    }
    for key, groups in found.by.items():
        show("", names.get(key, key))
        rows = [[one.name, f"{one.rows:,}", f"{one.mean:+z.3f}", f"{one.rmse:.3f}"] for one in groups]
        print_table([key, "rows", "mean error", "RMSE"], rows, right=[0, 1, 2, 3])
    show("", "calibration: tenths of the rows by prediction")
    bins = [
        [
            f"{one.predicted:z.3f}",
            f"{one.rated:z.3f}",
            "" if one.within is None else f"± {one.within:.3f}",
            f"{one.rows:,}",
        ]
        for one in found.calibration
    ]
    print_table(["predicted", "rated", "95 %", "rows"], bins, right=[0, 1, 2, 3])
    show("", "worst misses")
    misses = [
        [one.user, one.title, f"{one.rating:g}", f"{one.prediction:z.2f}", f"{one.error:+z.2f}"] for one in found.worst
    ]
    print_table(["user", "item", "rated", "predicted", "error"], misses, right=[2, 3, 4])
