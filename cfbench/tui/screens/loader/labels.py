"""The labels of a field, found while one types."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.bench.interface import Bench
from cfbench.bench.link import Link
from cfbench.experiment import Data
from cfbench.tui.dialogs.choosing import Choice, Finder
from cfbench.tui.drawing import figures

_PAGE = 200


def labels_of(link: Link, data: Data, field: str) -> Finder:
    """Return a finder among a field's labels; a choice answers ``code: label``."""

    async def find(typed: str) -> Sequence[Choice]:
        page = await link.ask(Bench.labels, data, field, typed, 0, _PAGE)
        listed = [Choice(f"{code} is {label}", label, f"code {figures.count(code)}") for code, label in page.labels]
        left = page.fitting - len(listed)
        more = f"{figures.count(left)} more of {figures.count(page.total)}"
        return [*listed, Choice("", "…", f"{more}: type to narrow", allowed=False)] if left > 0 else listed

    return find
