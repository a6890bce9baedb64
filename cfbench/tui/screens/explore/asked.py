"""A question put to the bench, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cfbench.bench.link import Link
from cfbench.errors import CfbenchError

Answer = TypeVar("Answer")


@dataclass
class Asked(Generic[Answer]):
    """The newest question of its kind; an answer to an older one is left aside.

    Attributes:
        question: the method and its arguments; empty where nothing was asked yet.
        answer: or None while there is none.
        error: why there is none.
    """

    question: tuple[Any, ...] = ()
    answer: Answer | None = None
    error: str = ""

    async def ask(self, link: Link, method: Callable[..., Answer], *args: Any) -> None:
        """Ask, and keep the answer or why there is none; until then the one before stays."""
        question = (method, *args)
        self.question, self.error = question, ""
        answer, error = None, ""
        try:
            answer = await link.ask(method, *args)
        except CfbenchError as refusal:
            error = str(refusal)
        if self.question == question:
            self.answer, self.error = answer, error

    def forget(self) -> None:
        """Know nothing."""
        self.question, self.answer, self.error = (), None, ""
