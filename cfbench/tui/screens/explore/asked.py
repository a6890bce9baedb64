"""A question put to the bench, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cfbench.bench.link import Link
from cfbench.errors import CfbenchError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Question:
    """A method of the bench with its arguments; `of` says of which state of things, so that it is asked again later."""

    method: Callable[..., Any]
    arguments: dict[str, Any] = field(default_factory=dict)
    of: object = None

    def same(self, other: Question) -> bool:
        """Whether another one asks the same, if of another state."""
        return (self.method, self.arguments) == (other.method, other.arguments)


@dataclass
class Asked(Generic[Answer]):
    """The newest question of its kind; an answer to an older one is left aside.

    Attributes:
        question: None where nothing was asked yet.
        answer: or None while there is none.
        error: why there is none.
    """

    question: Question | None = None
    answer: Answer | None = None
    error: str = ""

    async def ask(self, link: Link, question: Question) -> None:
        """Ask, and keep the answer or why there is none; until then the one before stays."""
        self.question, self.error = question, ""
        answer, error = None, ""
        try:
            answer = await link.ask(question.method, **question.arguments)
        except CfbenchError as refusal:
            error = str(refusal)
        except asyncio.CancelledError:
            if self.question is question:
                self.question = None
            raise
        if self.question is question:
            self.answer, self.error = answer, error

    def forget(self) -> None:
        """Know nothing."""
        self.question, self.answer, self.error = None, None, ""
