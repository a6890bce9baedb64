"""The Plugins screen: a list by kind, and the card of the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.widget import Widget

from cfbench.tui.commands import Command
from cfbench.tui.dialogs.asking import Asking
from cfbench.tui.dialogs.reading import Reading
from cfbench.tui.drawing.lines import Line, Span, text
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Column, Table
from cfbench.tui.screens.plugins.cards import Entry, card, entries
from cfbench.tui.shell.screen import WorkScreen


class PluginsScreen(WorkScreen):
    """Lists plugins by kind; those that are broken come first."""

    MODE, NAME, SHORT = "plugins", "Plugins", "Plug"
    ACTIONS = (
        Command("plugins.refresh", "r", "look again", "look at every plugin anew"),
        Command("plugins.read", "enter", "read", "all there is to say of the plugin, to scroll through"),
        Command("plugins.filter", "slash", "find", "show only plugins whose name, kind or summary has some text"),
    )
    WIDE = ((0, ((56, (("plugins", 0),)), (0, (("card", 0),)))),)
    PAGES = ((("plugins", 0), ("card", 9)),)

    def __init__(self) -> None:
        super().__init__()
        self.filter = ""
        self._entries: Sequence[Entry] = ()

    def panels(self) -> Iterable[Widget]:
        """Yield the list and the card."""
        yield Table(
            "plugins",
            [Column("", 1), Column("name", 0), Column("kind", 9), Column("from", 8), Column("version", 8, ">")],
            self._row,
            lambda: len(self._entries),
            id="plugins",
            notes=lambda: [text(f"/ {self.filter}", "b")] if self.filter else [],
            empty=self._empty,
        )
        yield Pane("about", self._card, id="card")

    def show(self) -> None:
        """Draw the list anew."""
        self._entries = entries(self.workbench.workspace.catalogue, self.filter)
        super().show()

    def on_mount(self) -> None:
        """List what is known."""
        super().on_mount()
        self.show()

    def changed(self, topic: str) -> None:
        """Only what is installed matters here."""
        if topic == "plugins":
            self.show()

    @property
    def chosen(self) -> Entry | None:
        """What is under the cursor."""
        table = self.query_one("#plugins", Table)
        return self._entries[table.cursor] if table.cursor < len(self._entries) else None

    def _card(self, width: int, height: int) -> list[Line]:
        lines = card(self.chosen, width)
        if len(lines) <= height:
            return lines
        return [*lines[: height - 1], [("  … ", "dim"), ("enter", "b"), (" shows all", "dim")]]

    def _row(self, number: int) -> Sequence[Span]:
        return self._entries[number].row()

    def _empty(self) -> Line:
        if self.workbench.workspace.catalogue is None:
            return [("looking at the plugins …", "dim")]
        return [("no plugin has that text: ", "dim"), ("/", "b"), (" changes it", "dim")]

    def answer(self, width: int) -> list[Line]:
        """Say how many there are, and what is broken."""
        catalogue = self.workbench.workspace.catalogue
        if catalogue is None:
            return [[("looking at the plugins …", "dim")]]
        n = len(catalogue.declarations)
        line: Line = [(f"{n} plugins", "b"), ("  ·  ", "faint")]
        if catalogue.broken:
            first = catalogue.broken[0]
            line += [("✗", "bad"), text(f" {first.source} is broken: {first.reason}")]
        else:
            line += [("✓", "ok"), (" none is broken", "")]
        others = sum(d.origin != "built in" for d in catalogue.declarations)
        return [line, [(f"{n - others} built in, {others} of others  ·  plugins run with your rights", "dim")]]

    @on(Table.Moved, "#plugins")
    def _moved(self) -> None:
        self.query_one("#card", Pane).repaint()

    def live(self, command: Command) -> bool:
        """Return whether a command can be done now: there must be a plugin to read about."""
        return command.verb != "read" or self.chosen is not None

    @on(Table.Chosen, "#plugins")
    def action_read(self) -> None:
        """Show all there is to say of the plugin under the cursor."""
        if self.chosen:
            lines = card(self.chosen, min(self.size.width, Reading.WIDTH) - 4)
            self.app.push_screen(Reading(self.chosen.name, lines))

    def action_refresh(self) -> None:
        """Look at every plugin anew."""
        self.workbench.work(self.workbench.list_plugins(refresh=True), "plugins")

    def action_filter(self) -> None:
        """Ask for the text that plugins must have."""

        def take(typed: str | None) -> None:
            if typed is not None:
                self.filter = typed.strip()
                self.show()

        self.app.push_screen(Asking("find a plugin", self.filter, "part of a name, a kind, a word"), take)

    def back(self) -> None:
        """Show all plugins again."""
        if self.filter and not self.zoomed:
            self.filter = ""
            self.show()
        else:
            super().back()

    def equal(self) -> str:
        """Return the command that shows the same."""
        return f"cfbench plugins show {self.chosen.name}" if self.chosen else "cfbench plugins list"
