"""The experiment that a person sets up: TOML text, what was typed and refused, and every step back."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from cfbench import experiment as experiments
from cfbench.errors import BadInput
from cfbench.experiment import LARGEST_FILE, PLUGIN_TABLES, SAMPLER, Component, Experiment
from cfbench.registry.catalogue import Catalogue
from cfbench.registry.parameters import NONE
from cfbench.tui.drafting import choosing, comparing, rewriting
from cfbench.tui.drafting.comparing import MISSING, Line
from cfbench.tui.drafting.history import History, State, Step, Typed, leading_to
from cfbench.tui.drafting.statements import keys_of
from cfbench.tui.drafting.values import shown
from cfbench.tui.settings import LONGEST, Refused, Setting, check, parse, show

__all__ = ["Draft", "Line", "Typed"]


class _Kept(Struct, frozen=True):
    """A draft at rest."""

    text: str
    refused: dict[str, Typed]
    steps: list[Step]


class Draft:
    """An experiment being set up. Its TOML is the truth; a form shows it and changes one place of it at a time.

    Attributes:
        text: the TOML, comments and all.
        refused: path of a setting -> what was typed there and why it is no value; the TOML holds the value before.
        experiment: what the TOML says, or None where that is no experiment.
        problem: why `experiment` is None.
    """

    def __init__(self, text: str) -> None:
        self.refused: Mapping[str, Typed] = {}
        self._history = History()
        self._tables: dict[str, Any] = {}
        self._read(text)

    def _read(self, text: str) -> None:
        self.text, self._broken = text, True
        self.experiment: Experiment | None = None
        self.problem: BadInput | None = None
        try:
            self._tables = _tables(text)
            self._broken = False
            self.experiment = experiments.parse(self._tables, "")
        except BadInput as error:
            self.problem = error

    # -- what there is --

    def get(self, path: str, default: Any = None) -> Any:
        """Return what the TOML says at a path, or `default`; while it is no TOML, what it said last."""
        return comparing.at(self._tables, keys_of(path), default)

    def value(self, setting: Setting) -> Any:
        """Return the setting's value in the TOML, or its default."""
        return self.get(setting.path, setting.default)

    def shown(self, setting: Setting) -> str:
        """Return what the setting's field shows: what was typed and refused, or the value."""
        typed = self.refused.get(setting.path)
        return typed.text if typed else show(setting, self.value(setting))

    def reason(self, setting: Setting) -> str:
        """Return why what the field shows is refused, or nothing; the TOML too may hold what is not allowed."""
        typed = self.refused.get(setting.path)
        if typed:
            return typed.reason
        value = self.value(setting)
        try:
            check(setting, value)
        except BadInput:
            return f"given {show(setting, value)}, allowed {setting.allowed or setting.kind}"
        return ""

    def plugin(self, table: str) -> str:
        """Return the name of the plugin in a table such as "model", the default one where none is named."""
        usual: Component = getattr(Experiment(), table) or Component(SAMPLER)
        return str(self.get(f"{table}.name", usual.name))

    def changed_lines(self, base: Experiment | Draft | None) -> list[Line]:
        """Return the lines of the TOML, each with what it was in `base` where that differs."""
        if self._broken:
            return [Line(line) for line in self.text.splitlines()]
        return comparing.lines(self.text, self._tables, base.experiment if isinstance(base, Draft) else base)

    # -- changes; each raises BadInput where the TOML can't be read, or not changed there --

    def type(self, setting: Setting, text: str) -> None:
        """Take what somebody typed in a setting's field, a value or not; typing on in one field is one step."""
        path, others = setting.path, self._refused_beside(setting.path)
        try:
            value = parse(setting, text)
        except Refused as error:
            self._step(path, self.text, {**others, path: Typed(text[:LONGEST], error.what)}, typing=True)
        else:
            self._step(path, self._with(path, value), others, typing=True)

    def seal(self) -> None:
        """End the typing in a field: what is typed next is a step of its own."""
        self._history.seal()

    def set(self, path: str, value: Any) -> None:
        """Give a setting a plain value; None is "none" for a plugin's parameter, and left out for other settings."""
        self._step(path, self._with(path, value), self._refused_beside(path))

    def unset(self, path: str) -> None:
        """Leave a setting out of the TOML, so that its default counts."""
        self._step(path, self._without(path), self._refused_beside(path))

    def choose(self, table: str, name: str, known: Catalogue) -> None:
        """Put another plugin in a table such as "model"; what was set stays where it means the same to both.

        Raises:
            BadInput: there is no such plugin.
        """
        new, old = known.find(table, name), choosing.found(known, table, self.plugin(table))
        if old == new:
            return
        now = self.get(table, {})
        chosen = choosing.component(new, old, now if isinstance(now, dict) else {}, known)
        values = {key: NONE if value is None else value for key, value in chosen.table().items()}
        text = rewriting.with_table(self._toml(), table, values, choosing.block(chosen, new, known))
        self._step(table, self._checked(text, table, values), self._refused_beside(table))

    def set_metrics(self, metrics: Sequence[Component]) -> None:
        """Choose what is measured; the lines of metrics that stay as they are are kept."""
        wanted = [metric.table() for metric in metrics]
        text = rewriting.with_list(self._toml(), "metrics", wanted, self.get("metrics", []))
        self._step("metrics", self._checked(text, "metrics", wanted), self._refused_beside("metrics"))

    def edit(self, text: str) -> None:
        """Take the whole TOML as somebody wrote it, right or wrong."""
        before = self._tables
        try:
            after = _tables(text)
        except BadInput:
            after = before
        refused = {path: typed for path, typed in self.refused.items() if _agree(before, after, path)}
        self._step("", text, refused)

    def undo(self) -> str | None:
        """Take the last step back; return what that was in words, ``model.n_factors back to 50``, or None."""
        step = self._history.undo()
        if not step:
            return None
        text, self.refused = step.back(State(self.text, self.refused))
        self._read(text)
        return self._in_words(step.path)

    def _in_words(self, path: str) -> str:
        if not path:
            return "the TOML back to what it was"
        if path in PLUGIN_TABLES:
            return f"{path} back to {self.plugin(path).rpartition(':')[2]}"
        if path == "metrics" and self.experiment:
            return f"metrics back to {comparing.metrics_in_words(self.experiment) or 'none'}"
        typed, value = self.refused.get(path), self.get(path, MISSING)
        return f"{path} back to {typed.text if typed else 'its default' if value is MISSING else shown(value)}"

    # -- rest --

    def dump(self) -> dict[str, Any]:
        """Return all of it as JSON knows it, with as many of the last steps as go into 500,000 characters."""
        kept = _Kept(self.text, dict(self.refused), self._history.newest())
        plain: dict[str, Any] = msgspec.to_builtins(kept)
        return plain

    @classmethod
    def restored(cls, data: Any) -> Draft:
        """Return the draft that was dumped; steps that don't lead to its text are left out.

        Raises:
            BadInput: the data are no draft.
        """
        try:
            kept = msgspec.convert(data, _Kept)
        except msgspec.ValidationError as error:
            raise BadInput(f"this is no draft: {error}") from error
        draft = cls(kept.text)
        draft.refused = kept.refused
        draft._history = leading_to(State(kept.text, kept.refused), kept.steps)
        return draft

    # -- how a change is made --

    def _step(self, path: str, text: str, refused: Mapping[str, Typed], typing: bool = False) -> None:
        self._history.record(path, State(self.text, self.refused), State(text, refused), typing)
        self.refused = refused
        if text != self.text:
            self._read(text)

    def _toml(self) -> str:
        if self._broken and self.problem:
            raise self.problem
        return self.text

    def _with(self, path: str, value: Any) -> str:
        if value is None:
            if keys_of(path)[0] not in (*PLUGIN_TABLES, "metrics"):
                return self._without(path)
            value = NONE
        if comparing.same(value, self.get(path, MISSING)):
            return self._toml()
        return self._checked(rewriting.with_value(self._toml(), keys_of(path), value), path, value)

    def _without(self, path: str) -> str:
        return self._checked(rewriting.without(self._toml(), keys_of(path)), path, MISSING)

    def _checked(self, text: str, path: str, value: Any) -> str:
        """Return the text if it says what the former one said, but for the value at a path."""
        expected = comparing.put(self._tables, keys_of(path), value)
        try:
            if comparing.pruned(_tables(text)) == comparing.pruned(expected):
                return text
        except BadInput:
            pass
        raise BadInput("the TOML is written so that a form can't change this", where=path, mend="change it by hand")

    def _refused_beside(self, path: str) -> dict[str, Typed]:
        """Return what is refused but for a path and all that is in it."""
        inside = (f"{path}.", f"{path}[")
        return {key: typed for key, typed in self.refused.items() if key != path and not key.startswith(inside)}


@functools.lru_cache(maxsize=4)
def _tables(text: str) -> dict[str, Any]:
    if len(text) > LARGEST_FILE:
        raise BadInput(f"{len(text):,} characters are too many for an experiment", mend="is it the data file?")
    return experiments.tables(text, "")


def _agree(one: dict[str, Any], other: dict[str, Any], path: str) -> bool:
    return comparing.same(*(comparing.at(tables, keys_of(path), MISSING) for tables in (one, other)))
