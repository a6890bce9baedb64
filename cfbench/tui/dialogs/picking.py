"""Picking a file where the bench is: folders to walk through, a typed or pasted path, files used lately."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.events import Paste
from textual.widgets import Input

from cfbench.answers import Entry, Folder
from cfbench.bench.interface import Bench
from cfbench.bench.link import Link
from cfbench.tui.commands import Command, bindings
from cfbench.tui.copying import pasted_path
from cfbench.tui.dialogs.choosing import Choice, Choosing
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, text

_UP = Command("picking.up", "ctrl+u,alt+up", "up", "the folder above", "above")


class Picking(Choosing):
    """Asks for a file; answers its path as the bench's machine knows it.

    Args:
        title: what the file is for.
        link: to the bench that has the files.
        start: the folder to start in, "" for the one that the bench was started in.
        recent: paths used lately, newest first.
    """

    BINDINGS: ClassVar = [*Choosing.BINDINGS, *bindings((_UP,))]

    def __init__(self, title: str, link: Link, start: str = "", recent: Sequence[str] = ()) -> None:
        super().__init__(title, self._entries, free=True, hint="a path, or part of a name")
        self._link, self._recent = link, recent
        self._folder: Folder | None = None
        self._wanted = start

    async def _entries(self, typed: str) -> Sequence[Choice]:
        head, name = "", typed
        if "/" in typed or typed.startswith("~"):
            head, _, name = typed.rpartition("/")
            head = head or "/"
        if head:
            if head.startswith(("/", "~")):
                folder = await self._link.ask(Bench.browse, head)
            else:
                here = await self._here()
                folder = await self._link.ask(Bench.browse, posixpath.join(here.path, head))
        else:
            folder = await self._here()
        fitting = [entry for entry in folder.entries if name.lower() in entry.name.lower()]
        choices = [_choice(entry) for entry in fitting]
        if not typed:
            above = [Choice(f"{folder.parent}/", "..", "the folder above", ("▴", "dim"))] if folder.parent else []
            lately = [Choice(path, path, "used lately", ("◆", "s1")) for path in self._recent]
            return [*lately, *above, *choices]
        return choices

    async def _here(self) -> Folder:
        if self._folder is None:
            self._folder = await self._link.ask(Bench.browse, self._wanted)
        return self._folder

    def _notes(self) -> Line:
        place = self._folder.path if self._folder else ""
        left_out = f"  {self._folder.left_out:,} more" if self._folder and self._folder.left_out else ""
        return [text(place + left_out, "dim")]

    def action_above(self) -> None:
        """Go to the folder above."""
        if self._folder and self._folder.parent:
            self._enter(self._folder.parent)

    def _enter(self, folder: str) -> None:
        self._wanted, self._folder = folder, None
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self._look("")

    def dismiss(self, result: str | None = None) -> None:  # type: ignore[override]
        """Answer a file; walk into a folder."""
        if result and result.endswith("/"):
            self._enter(result if result == "/" else result.rstrip("/"))
            return
        super().dismiss(pasted_path(result) if result else result)

    @on(Paste)
    def _pasted(self, event: Paste) -> None:
        event.stop()
        self.dismiss(event.text)


def _choice(entry: Entry) -> Choice:
    if entry.folder:
        return Choice(f"{entry.path}/", f"{entry.name}/", "", ("▸", "dim"))
    about = f"{figures.size(entry.size):>9}   {figures.age(time.time() - entry.modified)}"
    return Choice(entry.path, entry.name, about)
