"""Picking a file where the bench is: folders to walk through, a typed or pasted path, files used lately."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.events import Paste
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from cfbench.answers import Entry, Folder
from cfbench.bench.interface import Bench
from cfbench.bench.link import Link
from cfbench.errors import CfbenchError
from cfbench.text import label, width
from cfbench.tui.commands import Command, bindings
from cfbench.tui.copying import pasted_path
from cfbench.tui.dialogs.choosing import Choice, Choosing
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, Span, text
from cfbench.tui.parts.table import Column

_ABOVE = Command("picking.above", "left,backspace", "up", "the folder above, where nothing is typed")
_LATELY = "used lately"


class _PathField(Input):
    """A field that leaves to the picker what means nothing to it while it is empty, and whatever is pasted."""

    class Pasted(Message):
        """Something was pasted."""

        def __init__(self, pasted: str) -> None:
            super().__init__()
            self.pasted = pasted

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the keys that go up through where there is nothing to delete."""
        return bool(self.value) or action not in ("delete_left", "cursor_left")

    def on_paste(self, event: Paste) -> None:
        """Hand it to the picker whole; an input would take its first line as if it were typed."""
        event.stop()
        event.prevent_default()
        self.post_message(self.Pasted(event.text))


class Picking(Choosing):
    """Asks for a file; answers its path as the bench's machine knows it, or what was typed that names nothing there.

    Args:
        title: what the file is for.
        link: to the bench that has the files.
        start: the folder to start in, "" for the one that the bench was started in.
        recent: paths used lately, newest first.
    """

    BINDINGS: ClassVar = [*Choosing.BINDINGS, *bindings((_ABOVE,))]

    def __init__(self, title: str, link: Link, start: str = "", recent: Sequence[str] = ()) -> None:
        super().__init__(title, self._entries, hint="part of a name, or a path; ← the folder above")
        self._link, self._recent = link, recent
        self._place, self._shown = start, Folder(start, "", (), 0)
        self._listed: dict[str, Folder] = {}
        self._about: dict[str, Entry] = {}

    def content(self) -> Sequence[Widget]:
        """Return the field and the list, with sizes and ages in columns."""
        super().content()
        self._table.columns = (Column("", 1), Column("", 0), Column("", 11, ">"), Column("", 5, ">"))
        field = _PathField(placeholder=self._hint, id="typed", select_on_focus=False)
        field.cursor_blink = False
        return [self._table, field]

    # -- what is listed --

    async def _entries(self, typed: str) -> Sequence[Choice]:
        head, slash, name = typed.rpartition("/")
        self._shown = await self._folder(head or slash) if slash else await self._folder(self._place)
        self._about = {entry.path: entry for entry in self._shown.entries}
        fitting = [entry for entry in self._shown.entries if name.lower() in entry.name.lower()]
        fitting.sort(key=lambda entry: _rank(entry.name, name))
        lately = [path for path in self._recent if not slash and typed.lower() in path.lower()]
        return [*(Choice(path, path, _LATELY, ("◆", "s1")) for path in lately), *map(_choice, fitting)]

    async def _folder(self, path: str) -> Folder:
        if path and not path.startswith(("/", "~")):
            path = posixpath.join((await self._folder(self._place)).path, path)
        if path not in self._listed:
            self._listed[path] = await self._link.ask(Bench.browse, path)
        return self._listed[path]

    def _row(self, number: int) -> Sequence[Span]:
        choice = self._found[number]
        entry = self._about.get(choice.answer)
        name = text(choice.name, "" if choice.allowed else "dim")
        if entry is None:
            return [choice.sign, name, (choice.note, "dim"), ("", "")]
        size, age = figures.size(entry.size), figures.age(time.time() - entry.modified)
        return [choice.sign, name, (size, "dim"), (age, "dim")]

    def _notes(self) -> Line:
        more = f", {self._shown.left_out:,} more" if self._shown.left_out else ""
        return [(_end_of(self._shown.path, 48) + more, "dim")]

    # -- walking and choosing --

    def action_above(self) -> None:
        """Go to the folder above; the cursor stays on where one was."""
        if self._shown.parent:
            below = f"{self._shown.path}/"
            self._enter(self._shown.parent)
            self._current = below

    def _enter(self, folder: str) -> None:
        self._place, self._current = folder, ""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self._look("")

    def _answer_typed(self) -> None:
        """Answer what is under the cursor, or follow what was typed where nothing fits it."""
        if self._found and self._found[self._table.cursor].allowed:
            self._choose()
        elif self._typed.strip():
            self._take(self._typed)

    def dismiss(self, result: str | None = None) -> None:  # type: ignore[override]
        """Answer a file; walk into a folder."""
        if result and result.endswith("/"):
            self._enter(result.rstrip("/") or "/")
        else:
            super().dismiss(result)

    @on(_PathField.Pasted)
    def _pasted(self, event: _PathField.Pasted) -> None:
        """Take a path that was pasted."""
        self._take(event.pasted)

    def _take(self, given: str) -> None:
        self.run_worker(self._follow(pasted_path(given)), exclusive=True, group="find", exit_on_error=False)

    async def _follow(self, path: str) -> None:
        """Walk into the folder of that path, or answer it."""
        if not path:
            return
        try:
            folder = await self._folder(path) if "/" in path or path == "~" else None
        except CfbenchError:
            folder = None
        if folder is not None:
            self._enter(folder.path)
        elif "/" in path and not path.startswith(("/", "~")):
            self.dismiss(posixpath.normpath(posixpath.join((await self._folder(self._place)).path, path)))
        else:
            self.dismiss(path)


def _choice(entry: Entry) -> Choice:
    return Choice(f"{entry.path.rstrip('/')}/", f"{entry.name}/", "", ("▸", "dim")) if entry.folder else Choice(
        entry.path, entry.name
    )  # fmt: skip


def _rank(name: str, typed: str) -> int:
    """Return how well a name fits what was typed: the whole of it, its start, a part."""
    name, typed = name.lower(), typed.lower()
    return 0 if name == typed else 1 if name.startswith(typed) else 2


def _end_of(path: str, cells: int) -> str:
    """Return a path, or as much of its end as fits."""
    shown = label(path, 10_000)
    if width(shown) <= cells:
        return shown
    while width(shown) > cells - 1:
        shown = shown[1:]
    return f"…{shown}"
