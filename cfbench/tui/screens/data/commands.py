"""What can be done on the Data screen: open data, join titles, say how they are written and what columns mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, cast

from textual.events import Paste

from cfbench.bench.interface import Bench
from cfbench.experiment import Data
from cfbench.tui.commands import Command
from cfbench.tui.copying import pasted_path
from cfbench.tui.dialogs.asking import Asking
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.dialogs.picking import Picking
from cfbench.tui.dialogs.reading import Reading as ReadingDialog
from cfbench.tui.drawing.lines import Line, text
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.data import crosstab, getting, layouts, opening, roles, sets
from cfbench.tui.screens.data.equal import command

if TYPE_CHECKING:
    from cfbench.tui.screens.data.screen import DataScreen

ACTIONS = (
    Command("data.open", "o", "open", "pick a file of ratings"),
    Command("data.use", "enter", "use", "go on to the loader; on a column: say what it means"),
    Command("data.named", "d", "data sets", "choose a data set by its name"),
    Command("data.items", "i", "items", "join a table of items, for their titles and fields"),
    Command("data.role", "c", "columns", "say what the chosen column means"),
    Command("data.layout", "l", "layout", "say how the files are written, part by part"),
    Command("data.filter", "slash", "find", "show only rows whose user or title holds a text"),
    Command("data.sort", "S", "sort", "order rows by another column; the same once more turns it round"),
    Command("data.crosstab", "t", "cross-tab", "the items with most rows by the users with most rows, by name"),
    Command("data.merged", "T", "shared titles", "titles that several items bear, and how many"),
    Command("data.paste", "p", "paste path", "type or paste the path of a file of ratings"),
    Command("data.users", "U", "users", "join a table of users, for their fields"),
    Command("data.undo", "u", "undo", "take the last change back"),
)


class Commands:
    """Actions of the screen."""

    @property
    def _screen(self) -> DataScreen:
        return cast("DataScreen", self)

    def live(self, command: Command) -> bool:
        """Return whether a command can be done now: some need data."""
        screen = self._screen
        if command.verb == "layout":
            return screen.profile is not None or screen.failed is not None
        if command.verb == "undo":
            return screen.draft is not None
        return command.verb in ("open", "named", "paste") or screen.profile is not None

    # -- opening --

    def action_open(self) -> None:
        """Pick a file of ratings."""
        self._pick("ratings", self.open)

    def _pick(self, title: str, take: Callable[[str], None]) -> None:
        bench = self._screen.workbench
        picking = Picking(title, bench.link, recent=bench.recent if take == self.open else ())
        bench.push_screen(picking, lambda path: take(path) if path else None)

    def action_paste(self) -> None:
        """Type or paste the path of a file."""
        asking = Asking("the path of a file of ratings", hint="~/ml-100k/u.data")
        self._screen.app.push_screen(asking, lambda path: self.open(path) if path else None)

    def on_paste(self, event: Paste) -> None:
        """Open the path that was pasted."""
        event.stop()
        self.open(event.text)

    def action_named(self) -> None:
        """Choose a data set by its name."""
        self._screen.workbench.work(self._list_sets(), "sets")

    async def _list_sets(self) -> None:
        screen, link = self._screen, self._screen.workbench.link
        cards = await link.ask(Bench.datasets)
        known = sets.names(cards)

        def take(name: str | None) -> None:
            if name and known[name].state in ("here", "made when opened"):
                self.open(name)
            elif name:
                screen.app.push_screen(getting.Terms(known[name]), lambda how: self._get(name, how) if how else None)

        screen.app.push_screen(sets.DataSets(cards), take)

    def _get(self, name: str, how: Literal["fetch", "take"]) -> None:
        if how == "fetch":
            self._screen.workbench.work(self._fetch_set(name, ""), "sets")
        else:
            picking = Picking(f"the archive or a file of {name}", self._screen.workbench.link)
            self._screen.app.push_screen(picking, lambda path: self._take_set(name, path) if path else None)

    def _take_set(self, name: str, path: str) -> None:
        self._screen.workbench.work(self._fetch_set(name, path), "sets")

    async def _fetch_set(self, name: str, source: str) -> None:
        screen, link = self._screen, self._screen.workbench.link
        await link.ask(Bench.fetch, name, opening.archive_or_folder(source))
        screen.app.push_screen(getting.Fetching(link, name), lambda done: self.open(name) if done else None)

    def open(self, path: str) -> None:
        """Read a file, or a named data set, and set the experiment up on it."""
        if path := pasted_path(path):
            self._screen.use(Data(source=path))

    # -- saying more of them --

    def action_items(self) -> None:
        """Pick the table that has the items' titles."""
        self._pick("items, with their titles", lambda path: self._join("items", path))

    def action_users(self) -> None:
        """Pick the table that has the users' fields."""
        self._pick("users", lambda path: self._join("users", path))

    def _join(self, table: Literal["items", "users"], path: str) -> None:
        screen = self._screen
        screen.workbench.edit(
            lambda draft: draft.edit(opening.with_changes(draft, opening.joined(screen.data, table, path)))
        )

    def action_role(self) -> None:
        """Say what a column means."""
        screen = self._screen
        columns = screen.profile.columns if screen.profile else ()
        if not columns:
            return
        column = columns[min(screen.query_one("#columns", Table).cursor, len(columns) - 1)]

        def take(role: str | None) -> None:
            changes = roles.changes(screen.data, columns, column, role) if role is not None else {}
            if changes:
                screen.workbench.edit(lambda draft: draft.edit(opening.with_changes(draft, changes)))

        choosing = Choosing(f"column {column.name}", among(roles.choices(column, columns)), current=column.role)
        screen.app.push_screen(choosing, take)

    def action_layout(self) -> None:
        """Choose a part of how the files are written, then what it is."""
        screen = self._screen
        catalogue = screen.workbench.workspace.catalogue
        readers = catalogue.of_kind("reader") if catalogue else []
        known = layouts.Layouts(readers, screen.readable, screen.failed or screen.data)
        choosing = Choosing("how the files are written", among(known.parts()))
        screen.app.push_screen(choosing, lambda path: self._say_part(path, known) if path else None)

    def _say_part(self, path: str, known: layouts.Layouts) -> None:
        said, choices = known.said(path), known.allowed(path)
        dialog = (
            Choosing(known.title(path), among(choices), current=said, free=known.is_free(path))
            if choices
            else Asking(known.title(path), said, hint="user, item, rating, time")
        )
        self._screen.app.push_screen(
            dialog, lambda told: self._set_part(path, told, known) if told is not None else None
        )

    def _set_part(self, path: str, told: str, known: layouts.Layouts) -> None:
        screen = self._screen
        value = known.meant(path, told)
        if screen.failed is not None:
            screen.use(known.with_part(path, value))
        else:
            changes = known.changes(path, value)
            screen.workbench.edit(
                lambda draft: (
                    draft.set(path, value) if len(changes) == 1 else draft.edit(opening.with_changes(draft, changes))
                )
            )

    # -- looking at rows --

    def action_filter(self) -> None:
        """Type what users or titles must hold."""
        screen = self._screen
        asking = Asking("rows whose user or title holds", screen.rows.contains, hint="toy story")
        screen.app.push_screen(
            asking, lambda told: screen.want(screen.rows.order, told.strip()) if told is not None else None
        )

    def action_sort(self) -> None:
        """Choose what to order rows by."""
        screen, before = self._screen, self._screen.rows.order
        profile = screen.profile
        timed = profile is not None and profile.time_first is not None
        names = {"": "the files' order", "user": "user", "item": "item", "target": "rating"} | (
            {"time": "time"} if timed else {}
        )

        def take(order: str | None) -> None:
            if order is not None:
                screen.want(f"-{order}" if order and before == order else order, screen.rows.contains)

        choices = [Choice(order, name) for order, name in names.items()]
        screen.app.push_screen(Choosing("order by", among(choices), current=before.removeprefix("-")), take)

    def action_crosstab(self) -> None:
        """Show the densest users by items."""
        if profile := self._screen.profile:
            self._screen.app.push_screen(ReadingDialog("cross-tab of the densest", crosstab.lines(profile.crosstab)))

    def action_merged(self) -> None:
        """List the titles that several items bear."""
        profile = self._screen.profile
        merged = profile.merged if profile else ()
        lines: list[Line] = [[text(f"{ids:>5}  ", "dim"), text(title)] for title, ids in merged]
        lines = lines or [[("no title is borne by several ids", "dim")]]
        self._screen.app.push_screen(ReadingDialog("titles that several ids bear", lines))

    # -- the rest --

    def action_use(self) -> None:
        """Go on to the loader, or say what the column under the cursor means."""
        panel = self._screen.focused_panel()
        if panel is not None and panel.id == "columns":
            self.action_role()
        else:
            self._screen.workbench.action_go("loader")

    def equal(self) -> str:
        """Return the command that describes the same data."""
        return command(self._screen.data)
