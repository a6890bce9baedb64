"""The steps in which a draft came about, each small enough that hundreds can be kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

STEPS = 500
"""Changes that can be undone."""

LARGEST = 500_000
"""Characters of changes that are kept at rest."""


class Typed(NamedTuple):
    """What somebody typed that was refused, and why."""

    text: str
    reason: str


class State(NamedTuple):
    """A draft between two steps: its TOML, and what was refused, by the setting's path."""

    text: str
    refused: Mapping[str, Typed]


class Step(Struct, frozen=True):
    """A change: at an offset `old` became `new`; `refused` is what had been refused before, where that changed."""

    path: str
    at: int
    old: str
    new: str
    refused: dict[str, Typed | None]

    def back(self, state: State) -> State:
        """Return the state before the step, from the one after it."""
        text = state.text[: self.at] + self.old + state.text[self.at + len(self.new) :]
        kept = {path: typed for path, typed in state.refused.items() if path not in self.refused}
        return State(text, kept | {path: typed for path, typed in self.refused.items() if typed})

    @property
    def size(self) -> int:
        """Characters in it."""
        typed = (text for one in self.refused.values() for text in one or ())
        return len(self.old) + len(self.new) + sum(map(len, typed))


class History:
    """The last 500 steps. Typing on in one field is one step, until it is sealed."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._steps = deque(steps, maxlen=STEPS)
        self._open = False

    def record(self, path: str, was: State, now: State, typing: bool) -> None:
        """Add the step from one state to the next."""
        if typing and self._open and self._steps and self._steps[-1].path == path:
            was = self._steps.pop().back(was)
        if now != was:
            self._steps.append(_step(path, was, now))
        self._open = typing

    def seal(self) -> None:
        """End the typing: what is typed next is a step of its own."""
        self._open = False

    def undo(self) -> Step | None:
        """Take the last step out and return it."""
        self.seal()
        return self._steps.pop() if self._steps else None

    def newest(self) -> list[Step]:
        """Return as many of the last steps, oldest first, as go into 500,000 characters."""
        kept: list[Step] = []
        room = LARGEST
        for step in reversed(self._steps):
            room -= step.size
            if room < 0:
                break
            kept.append(step)
        return kept[::-1]


def leading_to(state: State, steps: Iterable[Step]) -> History:
    """Return those of the last steps that lead to a state."""
    kept: list[Step] = []
    for step in reversed(list(steps)):
        if step.at < 0 or not state.text.startswith(step.new, step.at):
            break
        state = step.back(state)
        kept.append(step)
    return History(kept[::-1])


def _step(path: str, was: State, now: State) -> Step:
    start = _shared(was.text, now.text)
    old, new = was.text[start:], now.text[start:]
    end = _shared(old[::-1], new[::-1])
    differing = [key for key in {**was.refused, **now.refused} if was.refused.get(key) != now.refused.get(key)]
    refused = {key: was.refused.get(key) for key in differing}
    return Step(path, start, old[: len(old) - end], new[: len(new) - end], refused)


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts share from their start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one.startswith(other[:middle]):
            low = middle
        else:
            high = middle - 1
    return low
