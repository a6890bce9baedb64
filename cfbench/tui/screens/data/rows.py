"""Rows of any number, a page at a time: pages that were not looked at lately are forgotten."""

from __future__ import annotations

from collections import OrderedDict

from cfbench.answers import Row, RowPage
from cfbench.experiment import Data

PAGE = 200
MOST_PAGES = 20


class Rows:
    """Pages of rows that were fetched.

    Attributes:
        data: which rows.
        total: how many there are.
        asked: offsets of the pages that were asked for last, so that none is asked for twice.
        order: what they are ordered by: "" for the files' order, "rating", "-time" and so on.
        contains: a text that their users or titles hold.
    """

    def __init__(self) -> None:
        self.data = Data()
        self.total = 0
        self.asked: list[int] = []
        self.order = self.contains = ""
        self._pages: OrderedDict[int, tuple[Row, ...]] = OrderedDict()

    def start(self, data: Data, total: int, order: str = "", contains: str = "") -> None:
        """Forget everything: the data, or the rows wanted of them, are others now."""
        self.data, self.total, self.asked = data, total, []
        self.order, self.contains = order, contains
        self._pages.clear()

    def row(self, n: int) -> Row | None:
        """Return row n, or None where its page is not here."""
        page = self._pages.get(n // PAGE)
        if page is None:
            return None
        self._pages.move_to_end(n // PAGE)
        return page[n % PAGE] if n % PAGE < len(page) else None

    def missing(self, first: int, last: int) -> list[int]:
        """Return the offsets of the pages that rows first to last need."""
        wanted = range(max(0, first) // PAGE, min(last, self.total - 1) // PAGE + 1)
        return [page * PAGE for page in wanted if page not in self._pages]

    def take(self, page: RowPage) -> None:
        """Keep a page."""
        self.total = page.total
        self._pages[page.offset // PAGE] = page.rows
        while len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)
