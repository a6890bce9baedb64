"""Keeping what the workbench remembers: a second after a change, and when one leaves."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from cfbench.errors import BadInput
from cfbench.tui.draft import Draft
from cfbench.tui.remembered import Remembered, save
from cfbench.tui.workspace import MOST_MARKS, Workspace

if TYPE_CHECKING:
    from cfbench.tui.app import Workbench
    from cfbench.tui.shell.screen import WorkScreen

PAUSE = 1.0
"""Seconds from a change until it is saved, together with what else changed by then."""


def workspace(host: str, kept: Remembered) -> Workspace:
    """Return what the screens share, as it was left; a draft that can't be read is left out."""
    draft = None
    if kept.draft is not None:
        with suppress(BadInput):
            draft = Draft.restored(kept.draft)
    return Workspace(host, front=kept.run, marks=list(kept.marks[:MOST_MARKS]), draft=draft)


class Keeper:
    """Saves what a workbench shall know at its next start.

    Args:
        workbench: whose state it is.
        kept: what was remembered when it started.

    Attributes:
        look: the one that was chosen, "" while the terminal's own serves.
    """

    def __init__(self, workbench: Workbench, kept: Remembered) -> None:
        self._workbench, self._kept, self.look = workbench, kept, kept.look
        self._recent, self._screens = kept, dict(kept.screens)
        self._timer: asyncio.TimerHandle | None = None
        self._trouble = ""

    @property
    def recent(self) -> list[str]:
        """The data opened last, newest first."""
        return self._recent.recent_paths

    def opened(self, source: str) -> None:
        """Remember data that were opened just now."""
        self._recent = self._recent.opened(source, time.time())
        self.soon()

    # -- settings of screens --

    def restore(self, screen: WorkScreen) -> None:
        """Give a screen its settings back; what does not fit any more stays as it is."""
        for name, value in self._screens.get(screen.MODE, {}).items():
            if name in screen.KEPT:
                with suppress(msgspec.ValidationError):
                    setattr(screen, name, msgspec.convert(value, type(getattr(screen, name))))

    def note(self, screen: WorkScreen) -> None:
        """Take a screen's settings down."""
        self._screens[screen.MODE] = {name: msgspec.to_builtins(getattr(screen, name)) for name in screen.KEPT}

    # -- saving --

    def soon(self) -> None:
        """Save in a second."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._due)

    def _due(self) -> None:
        self._timer = None
        self._workbench.work(self._save_and_say(), "remember")

    async def _save_and_say(self) -> None:
        trouble = await self.save()
        if trouble and trouble != self._trouble:
            self._workbench.say(trouble, "bad")
        self._trouble = trouble

    async def save(self) -> str:
        """Save what changed; return "", or in a sentence why that failed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._now()
        if now == self._kept:
            return ""
        trouble = await asyncio.to_thread(save, self._workbench.workspace.host, now)
        if not trouble:
            self._kept = now
        return trouble

    def _now(self) -> Remembered:
        workbench, shared = self._workbench, self._workbench.workspace
        if workbench.base_screen is not None:
            self.note(workbench.base_screen)
        draft: dict[str, Any] | None = shared.draft.dump() if shared.draft else None
        return Remembered(
            screen=workbench.current_mode,
            run=shared.front,
            draft=draft,
            recent=self._recent.recent,
            look=self.look,
            marks=tuple(shared.marks),
            screens=dict(self._screens),
        )
