"""What a training will cost, in words, and the curve of its learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cfbench.answers import Cost, DataProfile, Rate
from cfbench.experiment import Experiment
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.chart import Mark, Series
from cfbench.tui.drawing.lines import DOT, Line, cells, pair, sentence, text
from cfbench.tui.parts.chart import Chart
from cfbench.tui.screens.model.known import Refusal

_NAME, _VALUE = 16, 10
_LONGEST_NOTE = 3


@dataclass
class Estimate:
    """What the bench says of the experiment; it stays, dim, until a newer answer is there.

    Attributes:
        asked: the experiment that it was last asked about.
        checked: the experiment of the answers, complete and resolved.
        rates: its schedule.
        cost: its cost.
        error: why there is no answer.
        old: the experiment has changed since.
    """

    asked: Experiment | None = None
    checked: Experiment | None = None
    rates: Sequence[Rate] = field(default_factory=list)
    cost: Cost | None = None
    error: str = ""
    old: bool = False


def panel(estimate: Estimate, refused: bool, optimizer: str, height: int) -> list[Line]:
    """Return what it costs, line by line; the largest tables where there is room."""
    cost = None if refused or estimate.error else estimate.cost
    if estimate.error and not refused:
        return [[("  ✗ ", "bad"), text(estimate.error)]]
    if cost is None and not refused:
        return [[("  ", ""), ("estimating: some steps are tried …", "dim")]]
    tone = "dim" if estimate.old else ""
    return [_row(*row, tone) for row in (_rows(cost, optimizer) if cost else _unknown(optimizer))][:height]


def _row(name: str, value: str, note: str, tone: str) -> Line:
    return [("  ", ""), *pair(name, value, note, name_cells=_NAME, value_cells=_VALUE, roles=tone)]


def _rows(cost: Cost, optimizer: str) -> list[tuple[str, str, str]]:
    largest = sorted(cost.tables.items(), key=lambda table: -_numbers(table[1]))[:_LONGEST_NOTE]
    return [
        ("parameters", figures.count(cost.parameters), f"{len(cost.tables)} tables"),
        ("model", figures.size(cost.model_bytes), ""),
        (f"with {optimizer}", figures.size(cost.model_bytes + cost.optimizer_bytes), ""),
        *_times(cost),
        *((name, figures.count(_numbers(shape)), " × ".join(map(figures.count, shape))) for name, shape in largest),
    ]


def _times(cost: Cost) -> list[tuple[str, str, str]]:
    if not cost.seconds_an_epoch:
        return [("training", "by itself", "no steps")]
    epochs = round(cost.seconds / cost.seconds_an_epoch)
    return [
        ("an epoch", figures.span(cost.seconds_an_epoch), f"{figures.count(cost.steps_an_epoch)} steps"),
        ("the run", figures.span(cost.seconds), f"{epochs} epochs"),
    ]


def _unknown(optimizer: str) -> list[tuple[str, str, str]]:
    names = ("parameters", "model", f"with {optimizer}", "an epoch", "the run")
    return [(name, figures.MISSING, "") for name in names]


def _numbers(shape: Sequence[int]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


def curve(estimate: Estimate, refused: bool, title: str) -> Chart:
    """Return the learning rate over the steps of the whole training, its highest point marked."""
    if refused or not estimate.rates:
        return Chart(empty=[(figures.MISSING if refused or estimate.error else "estimating …", "dim")])
    steps, rates = [rate.step for rate in estimate.rates], [rate.lr for rate in estimate.rates]
    peak = max(estimate.rates, key=lambda rate: rate.lr)
    return Chart(
        [Series("lr", "s1", steps, rates, rates)],
        unit="step",
        y_range=(0.0, peak.lr),
        marks=[Mark(peak.step, peak.lr, "◆", "s1")],
        legend=[text(title, "dim"), (f"  highest {peak.lr:.4g}", "dim")],
    )


def answer(model: str, estimate: Estimate, refusals: Sequence[Refusal], width: int) -> Line:
    """Return the sentence above the screen: what training costs, or why it can't start."""
    if refusals:
        first = refusals[0]
        many = f"{len(refusals)} setting{'s are' if len(refusals) > 1 else ' is'} refused"
        return [("✗ ", "bad"), (f"{many if first.path else 'the TOML is refused'}: ", "b"), text(first.sentence)]
    title = text(model, "b")
    if estimate.error:
        return [title, ("  ", ""), ("✗ ", "bad"), text(estimate.error)]
    cost = estimate.cost
    if cost is None:
        return sentence([[title], [("estimating what it costs …", "dim")]], width)
    tone = "dim" if estimate.old else ""
    size: list[Line] = [
        [(f"{figures.count(cost.parameters)} parameters", tone)],
        [(figures.size(cost.model_bytes), tone)],
    ]
    epoch: Line = [(figures.span(cost.seconds_an_epoch), f"b {tone}"), (" an epoch, ", tone)]
    whole: Line = [(figures.span(cost.seconds), f"b {tone}"), (" in all", tone)]
    if not cost.seconds_an_epoch:
        return sentence([[title], *size, [("trains itself, in one go", tone)]], width)
    for clauses in ([[title], *size, [*epoch, *whole]], [[title], *size, whole], [[title], size[0], whole]):
        if sum(map(cells, clauses)) + (len(DOT) + 2) * (len(clauses) - 1) <= width:
            return sentence(clauses, width)
    return sentence([[title], whole], width)


def circumstances(profile: DataProfile | None, cost: Cost | None, differing: int, base: str, width: int) -> Line:
    """Return the dim line under the answer: data, machine, and how far it is from another experiment."""
    clauses: list[Line] = []
    if profile and profile.targets:
        low, high = figures.plain(profile.targets[0].low), figures.plain(profile.targets[-1].high)
        rows = figures.count(profile.kept)
        kind = f"{rows} ratings {low}–{high}" if profile.feedback == "explicit" else f"{rows} rows, implicit feedback"
        clauses.append([(kind, "dim")])
    if cost:
        threads = f"{cost.threads} thread{'s' * (cost.threads != 1)} of the CPU"
        clauses.append([text(threads if cost.device == "cpu" else cost.device, "dim")])
    if base:
        differs = "differs" if differing == 1 else "differ"
        many = f"{differing or 'no'} setting{'s' * (differing != 1)} {differs} from {base}"
        clauses.append([text(many, "dim")])
    return sentence(clauses, width)
