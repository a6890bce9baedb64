"""One step of gradient descent in six stages: look up, predict, loss, backward, step, reset."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cfbench.answers import StepDrawn, StepRow, StepTable, StepView
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, cells, cut, fit, text

STAGES = ("look up", "predict", "loss", "backward", "step", "reset")
_NUMBER = 9
_WIDE = 100
_FAINT = 0.01
"""Of the schedule's highest rate: a smaller one is remarked on."""


def name_cells(width: int) -> int:
    """Return the cells of a row's name."""
    return 26 if width >= _WIDE else 18


def room(width: int) -> int:
    """Return how many factors fit beside the name, the bias, and how many more there are."""
    return max(1, (width - 4 - name_cells(width) - 2 * _NUMBER) // _NUMBER)


def path(stage: int, width: int) -> Line:
    """Return the stages with the current one marked; where it is narrow, the others by their numbers."""
    whole = _path(stage, named=True)
    return whole if cells(whole) <= width else _path(stage, named=False)


def _path(stage: int, named: bool) -> Line:
    line: Line = []
    for number, name in enumerate(STAGES):
        if number:
            line.append(("─▸", "faint"))
        said = f" {number + 1} {name} " if named or number == stage else f" {number + 1} "
        line.append((said, "cur b" if number == stage else "" if number < stage else "dim"))
    return line


def lines(found: StepView, stage: int, width: int) -> list[Line]:
    """Return the path, a blank line, and the stages up to the current one."""
    stages = [_look_up, _predict, _loss, _backward, _step, _reset]
    drawn: list[Line] = [path(stage, width), []]
    name = name_cells(width)
    for number in range(stage + 1):
        here = number == stage
        mark: Line = [("▸ " if here else "  ", "b"), (f"{number + 1} {_title(found, number)}", "b" if here else "")]
        drawn += [mark, *([("  ", ""), *line] for line in stages[number](found, name))]
        drawn += [] if here else [[("  ↓", "faint")]]
    return [cut(line, width) for line in drawn]


def _title(found: StepView, stage: int) -> str:
    if found.rows[0].score is None:
        predict = "what the model says"
    else:
        predict = "multiply, add, squash" if found.y_range else "multiply, add"
    return (
        "look up the rows of the tables",
        f"predict: {predict}",
        f"loss: compare with what was {'drawn beside it' if found.rows[0].drawn else 'rated'}",
        "backward: who is to blame, and by how much",
        "step: the optimizer moves each number",
        "reset: forget the gradients, and see what came of it",
    )[stage]


def notes(found: StepView, width: int) -> Line:
    """Return where the step starts, and by which rule it goes; where it is narrow, a faint rate first."""
    start = f"after {figures.count(found.step)} steps" if found.step else "untrained"
    rule, batch = f"{found.optimizer.rpartition(':')[2]}, ", f", batch of {len(found.rows)}"
    rate = f"lr {figures.plain(found.lr)}"
    if found.lr < _FAINT * found.highest_lr:
        end = "the schedule's end" if found.step >= found.steps else f"at its highest {found.highest_lr:.3g}"
        rate = f"lr {found.lr:.2g} ({end})"
        if width < _WIDE:
            rule = batch = ""
    return [(f"{start}, {rule}{rate}{batch}", "dim")]


def _head(found: StepView, name: int) -> Line:
    more = f"  {found.left_out} more" if found.left_out else ""
    columns = "".join(fit(name, _NUMBER, ">") for name in found.columns)
    return [(" " * name + columns + more, "dim")]


def _whose(table: StepTable) -> str:
    if table.of == "user":
        return f"user {table.label}"
    return f"drawn {table.title}" if table.drawn else table.title


def _beside(row: StepRow, name: int, told: Callable[[StepRow, StepDrawn], Line]) -> list[Line]:
    """Return a line for each item drawn beside a row."""
    lines: list[Line] = [[(fit(f"  drawn {one.title}", name), "dim"), *told(row, one)] for one in row.drawn]
    if row.more_drawn:
        lines.append([(f"  and {figures.count(row.more_drawn)} more drawn beside it", "dim")])
    return lines


def _row(whose: str, values: Sequence[float], name: int, more: bool) -> Line:
    numbers = "".join(fit(figures.signed(value, 4), _NUMBER, ">") for value in values)
    return [(fit(whose, name), "dim"), (numbers, ""), ("  …" if more else "", "dim")]


def _look_up(found: StepView, name: int) -> list[Line]:
    if not found.tables:
        return [[("the model gives out no tables to look up", "dim")]]
    more = found.left_out > 0
    drawn = [_head(found, name), *(_row(_whose(table), table.before, name, more) for table in found.tables)]
    for one in found.one_hot:
        apart = max(one.values_apart, one.gradients_apart)
        drawn.append([
            (f"one-hot {one.batch} × {figures.count(one.labels)} times {one.of}s: ", "dim"),
            (f"apart by {apart:.0e}" if apart else "equal, gradients too", ""),
            (f"; {figures.size(one.one_hot_bytes)}, a look-up {figures.size(one.look_up_bytes)}", "dim"),
        ])  # fmt: skip
    return drawn


def _predict(found: StepView, name: int) -> list[Line]:
    drawn: list[Line] = []
    for row in found.rows:
        who = fit(f"user {row.user} · {row.title}", name)
        if row.score is None:
            drawn.append([(who, "dim"), (" prediction ", "dim"), (figures.metric(row.before), "s1 b")])
            drawn += _beside(row, name, _predicted)
            continue
        blank = [0.0] if found.columns[:1] == ("bias",) else []
        numbers = "".join(
            " " * _NUMBER if blank and n == 0 else fit(figures.signed(value, 5), _NUMBER, ">")
            for n, value in enumerate([*blank, *row.products])
        )
        rest = figures.signed(row.rest, 3) if found.left_out else ""
        drawn.append([(who, "dim"), (numbers, ""), (f"  {rest}", "dim")])
        biases = row.score - sum(row.products) - row.rest
        line: Line = [(" " * name, ""), (f" {figures.signed(biases, 3)} ", ""), ("biases and mean  ", "dim")]
        line += [(f"{figures.signed(sum(row.products) + row.rest, 3)} ", ""), ("products  = ", "dim")]
        line.append((figures.signed(row.score, 3), "b"))
        if name_cells(0) == name:
            drawn.append(line)
            line = [(" " * name, "")]
        line.append(("   ŷ = ", "dim"))
        if found.y_range is not None:
            low, high = found.y_range
            start = f"{figures.plain(low)} + " if low else ""
            line.append((f"{start}{figures.plain(high - low)} · σ({figures.metric(row.score)}) = ", ""))
        drawn.append([*line, (figures.metric(row.before), "s1 b")])
        drawn += _beside(row, name, _predicted)
    return drawn


def _predicted(row: StepRow, one: StepDrawn) -> Line:
    return [(" ŷ′ = ", "dim"), (figures.metric(one.before), "s2 b")]


def _loss(found: StepView, name: int) -> list[Line]:
    drawn: list[Line] = []
    for row in found.rows:
        line: Line = [(fit(f"user {row.user} · {row.title}", name), "dim")]
        if row.error is None:
            line += [(" ŷ = ", "dim"), (figures.metric(row.before), "s1 b")]
        else:
            line += [(" y = ", "dim"), (figures.plain(row.target), "s2 b")]
            line += [("   error ŷ − y = ", "dim"), (figures.signed(row.error, 3), "b")]
        drawn.append([*line, ("   ∂L/∂ŷ ", "dim"), (figures.signed(row.slope, 3), "")])
        drawn += _beside(row, name, _compared)
    penalty = f", l2 adds {figures.metric(found.penalty, 4)}" if found.penalty else ""
    loss = found.loss_name.rpartition(":")[2]
    drawn.append([
        (fit(f"{loss} of the batch", name), "dim"), (" ", ""), (figures.metric(found.loss, 4), "b"), (penalty, "dim"),
        *([text(f"   {found.loss_says}", "dim")] if found.loss_says else []),
    ])  # fmt: skip
    return drawn


def _compared(row: StepRow, one: StepDrawn) -> Line:
    return [
        (" ŷ − ŷ′ ", "dim"), (figures.signed(row.before - one.before, 3), "b"),
        ("  loss of these two ", "dim"), (figures.metric(one.alone), ""),
        ("  ∂L/∂ŷ′ ", "dim"), (figures.signed(one.slope, 3), ""),
    ]  # fmt: skip


def _backward(found: StepView, name: int) -> list[Line]:
    more = found.left_out > 0
    return [_head(found, name), *(_row(f"∂L/∂ {_whose(table)}", table.gradient, name, more) for table in found.tables)]


def _step(found: StepView, name: int) -> list[Line]:
    drawn: list[Line] = [_head(found, name)]
    for table in found.tables:
        line: Line = [(fit(f"{_whose(table)} moves", name), "dim")]
        for value in table.update:
            arrow = "↑" if value > 0 else "↓" if value < 0 else " "
            moved = figures.metric(abs(value), 5)
            line.append((fit(f"{arrow}{moved}", _NUMBER, ">"), "s1" if value > 0 else "s2" if value < 0 else "dim"))
        drawn += [line, _row("    and is now", table.after, name, found.left_out > 0)]
    return drawn


def _reset(found: StepView, name: int) -> list[Line]:
    drawn: list[Line] = [[(fit("all gradients", name), "dim"), ("  0", "b")]]
    for row in found.rows:
        who = fit(f"user {row.user} · {row.title}", name)
        target = ""
        if row.error is not None:
            nearer = abs(row.after - row.target) < abs(row.error)
            target = f"   y = {figures.plain(row.target)}, {'nearer' if nearer else 'not nearer'}"
        drawn.append([
            (who, "dim"), (f" ŷ {figures.metric(row.before)} ─▸ ", ""), (figures.metric(row.after), "s1 b"),
            (target, "dim"),
        ])  # fmt: skip
        drawn += _beside(row, name, _parted)
    drawn.append([
        (fit("loss", name), "dim"), (f" {figures.metric(found.loss, 4)} ─▸ ", ""),
        (figures.metric(found.loss_after, 4), "b"),
    ])  # fmt: skip
    return drawn


def _parted(row: StepRow, one: StepDrawn) -> Line:
    return [
        (f" ŷ′ {figures.metric(one.before)} ─▸ ", ""), (figures.metric(one.after), "s2 b"),
        (f"   ŷ − ŷ′ {figures.signed(row.before - one.before, 3)} ─▸ ", "dim"),
        (figures.signed(row.after - one.after, 3), ""),
    ]  # fmt: skip


def sentence(found: StepView) -> Line:
    """Return what the step is about."""
    first = found.rows[0]
    others = f" and {len(found.rows) - 1} more" if len(found.rows) > 1 else ""
    beside = len(first.drawn) + first.more_drawn
    others += f", {figures.count(beside)} drawn beside {'each' if others else 'it'}," if beside else ""
    return [
        ("how user ", ""), text(first.user, "b"), (" giving ", ""), (figures.plain(first.target), "b"),
        (" to ", ""), text(first.title, "b"), (f"{others} moves the model", ""),
    ]  # fmt: skip
