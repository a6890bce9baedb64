"""The table of runs: as many columns as there is room for, and headings over groups."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cfbench.answers import RunSummary
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.chart import reading
from cfbench.tui.drawing.lines import Line, Span, cells, cut, text
from cfbench.tui.looks import STATES
from cfbench.tui.parts.table import Cells, Column, Table, widest
from cfbench.tui.screens.runs.listing import Entry, Heading, best_runs, heading
from cfbench.tui.screens.runs.settings import NOTHING, Settings
from cfbench.tui.workspace import ALIVE, Workspace, short_name

_NAME_AT_LEAST = 16
_WIDEST_SETTING = 16
_SAMPLE = 200
"""Runs whose values say how wide a column must be."""
LETTER_ROLES = ("s1 b", "s2 b", "s3 b")

Cell = Callable[[RunSummary], Span]


@dataclass(frozen=True)
class Listed:
    """What the table shows.

    Attributes:
        entries: its lines.
        settings: in which all runs differ.
        telling: keys of settings in which the listed runs differ, most telling first.
        metrics: names of the metrics that they measured, the commonest first.
        widths: setting's key -> cells that its values take.
    """

    entries: Sequence[Entry] = ()
    settings: Settings = NOTHING
    telling: Sequence[str] = ()
    metrics: Sequence[str] = ()
    widths: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Sequence[Entry], settings: Settings, runs: dict[str, RunSummary]) -> Listed:
        """Return the lines with what follows from them for the columns."""
        ids = [entry for entry in entries if isinstance(entry, str)]
        telling = settings.telling(ids)
        widths = {
            key: max(len(settings.titles[key]), widest([settings.word(run, key) for run in ids[:_SAMPLE]], 99))
            for key in telling
        }
        metrics = list(dict.fromkeys(name for run in ids[:_SAMPLE] for name in runs[run].metrics))
        return cls(entries, settings, telling, metrics, {k: min(n, _WIDEST_SETTING) for k, n in widths.items()})

    @property
    def runs(self) -> list[str]:
        """The ids of the runs."""
        return [entry for entry in self.entries if isinstance(entry, str)]


class RunsTable(Table):
    """Lists runs of the workspace; what is listed is set from outside."""

    def __init__(self, shared: Workspace, *, id: str, notes: Callable[[], Line], empty: Callable[[], Line]) -> None:
        super().__init__("runs", [], self._cells_of, lambda: len(self.listed.entries), id=id, notes=notes, empty=empty)
        self.listed = Listed()
        self._shared = shared
        self._cells: list[Cell] = []
        self._letters: dict[str, Span] = {}
        self._best: set[str] = set()

    def put(self, listed: Listed) -> None:
        """List something else; the cursor stays on its run."""
        before = self.entry
        self.listed = listed
        if before is not None and before in listed.entries:
            self.cursor = listed.entries.index(before)
        elif listed.entries and isinstance(listed.entries[0], Heading) and not self.cursor:
            self.cursor = 1
        self.cursor = max(0, min(self.cursor, len(listed.entries) - 1))

    @property
    def entry(self) -> Entry | None:
        """What is under the cursor."""
        return self.listed.entries[self.cursor] if self.cursor < len(self.listed.entries) else None

    def picture(self, width: int, height: int) -> list[Line]:
        """Return headings and rows, with the columns that there is room for."""
        shared = self._shared
        self._best = set(best_runs(shared.runs, self.listed.settings).values())
        self._letters = {
            run: (letter, role) for (letter, run), role in zip(shared.letters(), LETTER_ROLES, strict=False)
        }
        chosen = self._chosen_columns(width)
        self.columns = tuple(column for column, _ in chosen)
        self._cells = [cell for _, cell in chosen]
        return super().picture(width, height)

    def _chosen_columns(self, width: int) -> list[tuple[Column, Cell]]:
        """Return columns with their cells: what is always there, then settings and metrics as long as there is room."""
        first: list[tuple[Column, Cell]] = [
            (Column("", 1), self._letter),
            (Column("", 1), lambda run: STATES[run.state]),
            (Column("run", 0), self._named),
            (Column("state", 8), self._state),
            (Column("valid", 7, ">"), self._valid),
        ]
        last: list[tuple[Column, Cell]] = [
            (Column("took", 7, ">"), lambda run: (figures.clock(run.seconds) if run.seconds else figures.MISSING, "")),
            (Column("age", 4, ">"), self._age),
        ]
        more: list[tuple[Column, Cell]] = []
        taken = _NAME_AT_LEAST + sum(column.cells + 2 for column, _ in [*first, *last])
        settings, metrics = self._setting_columns(), self._metric_columns()
        for column in [*settings[:2], *metrics[:1], *settings[2:], *metrics[1:]]:
            taken += column[0].cells + 2
            if taken > width:
                break
            more.append(column)
        more.sort(key=lambda column: column in settings)
        return [*first, *more, *last]

    def _setting_columns(self) -> list[tuple[Column, Cell]]:
        listed = self.listed

        def cell(key: str) -> Cell:
            return lambda run: text(listed.settings.word(run.id, key))

        return [
            (Column(listed.settings.titles[key], listed.widths[key], ">"), cell(key)) for key in listed.telling
        ]  # fmt: skip

    def _metric_columns(self) -> list[tuple[Column, Cell]]:
        def cell(name: str) -> Cell:
            return lambda run: _measured(run.metrics[name]) if name in run.metrics else (figures.MISSING, "dim")

        return [(Column(name, max(7, min(14, len(name))), ">"), cell(name)) for name in self.listed.metrics]

    # -- cells --

    def _cells_of(self, number: int) -> Cells | None:
        entry = self.listed.entries[number]
        run = self._shared.runs.get(entry) if isinstance(entry, str) else None
        if run is None:
            return [("", "")] * len(self._cells)
        return [cell(run) for cell in self._cells]

    def _letter(self, run: RunSummary) -> Span:
        return self._letters.get(run.id, ("↑", "dim") if run.pinned else ("", ""))

    def _named(self, run: RunSummary) -> Span:
        return text(short_name(run.id), "b" if run.id == self._shared.front else "")

    def _state(self, run: RunSummary) -> Span:
        return run.state, "" if run.state in ALIVE else STATES[run.state][1]

    def _valid(self, run: RunSummary) -> Span:
        if run.valid_loss is None:
            return figures.MISSING, "dim"
        return reading(run.valid_loss, run.valid_loss), "b" if run.id in self._best else ""

    def _age(self, run: RunSummary) -> Span:
        return "now" if run.state in ("running", "paused") else figures.age(time.time() - run.created), "dim"

    def _drawn(self, number: int, row: Cells | None, order: list[int], sizes: list[int], width: int) -> Line:
        entry = self.listed.entries[number]
        if not isinstance(entry, Heading):
            return super()._drawn(number, row, order, sizes, width)
        here = number == self.cursor
        tone = (" cur" if self.has_focus else " sel") if here else ""
        words: Line = [("▸ " if here else "  ", f"b{tone}"), text(heading(entry, self._shared.runs), f"b{tone}")]
        line = cut([*words, (" ", tone)], width)
        return [*line[:-1], (line[-1][0], tone)] if cells(words) < width else line

    def as_text(self) -> str:
        """Return every column of every run, for a file."""
        chosen = self._chosen_columns(width=10_000)
        self.columns = tuple(column for column, _ in chosen)
        self._cells = [cell for _, cell in chosen]
        return super().as_text()


def _measured(value: float | None) -> Span:
    return ("NaN", "bad") if value is None else (reading(value, value), "")
