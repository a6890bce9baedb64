"""All runs at a glance, fast: what their events tell is derived once and kept while the events stay as they are.

A state is still found out each time it is asked for, since whether a run's lock is held is part of it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from cfbench import experiment, paths
from cfbench.answers import RunSummary
from cfbench.errors import BadInput
from cfbench.runs import folder, lock, notes
from cfbench.runs.facts import Account, Facts
from cfbench.runs.folder import RunFolder
from cfbench.runs.kept import Kept, Stamp, stamp
from cfbench.runs.notes import Annotations
from cfbench.runs.state import summary, summary_of

_LABELS = {"experiment.name", "experiment.notes", "experiment.group"}
"""Settings that name a run and do not make it."""

_NOTHING = Annotations()


class RunIndex:
    """This user's runs; one of it serves all threads of a process, for as long as that lives."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.RLock()
        self._facts = Kept("facts", Facts)
        self._settings = Kept("settings", dict[str, Any])
        self._accounts: dict[str, Account] = {}
        self._noted: dict[str, tuple[Stamp, Annotations]] = {}
        self._made: dict[str, tuple[Facts, Annotations, RunSummary]] = {}
        self._unsaved_facts = self._unsaved_settings = False
        self._folders: dict[str, RunFolder] = {}
        self._root = Path()

    def summaries(self) -> list[RunSummary]:
        """Return all runs, oldest first."""
        with self._one_at_a_time:
            found = [self._summary(run) for run in self._all_runs()]
            if self._unsaved_facts:
                self._facts.save({run.id for run in found})
                self._unsaved_facts = False
            return found

    def summary(self, run: RunFolder) -> RunSummary:
        """Return a run at a glance; one in another folder is read anew each time."""
        with self._one_at_a_time:
            return self._summary(run) if run.path.parent == self._home() else summary(run)

    def _home(self) -> Path:
        """Return the runs folder; where it is another one than before, forget the other's runs."""
        root = paths.folder("runs")
        if root != self._root:
            self._root = root
            for known in (self._accounts, self._noted, self._made, self._folders):
                known.clear()
        return root

    def _all_runs(self) -> list[RunFolder]:
        """Return all runs; the folders are kept, since making their many paths anew takes longer than looking."""
        root = self._home()
        self._folders = {name: self._folders.get(name) or RunFolder(root / name) for name in folder.names_in(root)}
        return list(self._folders.values())

    def _summary(self, run: RunFolder) -> RunSummary:
        facts, alive = self._facts_of(run), False
        if not facts.ended:
            alive = lock.held(run.lock)
            facts = self._facts_of(run)  # after the lock, so that a run that ended has told how
        if not alive and run.id in self._accounts:
            del self._accounts[run.id]
            self._unsaved_facts = True
        noted = self._notes_of(run)
        made = self._made.get(run.id)
        if made is None or not facts.ended or made[0] is not facts or made[1] is not noted:
            made = self._made[run.id] = facts, noted, summary_of(run, facts, alive, noted)
        return made[2]

    def _facts_of(self, run: RunFolder) -> Facts:
        now = stamp(run.events)
        known = self._facts.get(run.id, now)
        if known is not None:
            return known
        account = self._accounts.get(run.id)
        if account is None or not account.read():
            account = Account(run)
            account.read()
        self._accounts[run.id] = account
        facts = account.facts()
        if now is not None:
            self._facts.put(run.id, now, facts)
        return facts

    def _notes_of(self, run: RunFolder) -> Annotations:
        now = stamp(run.annotations)
        if now is None:
            return _NOTHING
        known, noted = self._noted.get(run.id, (None, _NOTHING))
        if known != now:
            noted = notes.read(run)
            self._noted[run.id] = now, noted
        return noted

    def differences(self, runs: Sequence[RunFolder]) -> dict[str, dict[str, Any]]:
        """Return for each run's id the settings in which these runs differ; one that a run lacks is left out of it.

        A run whose experiment can't be read counts for nothing.
        """
        with self._one_at_a_time:
            settings = {run.id: self._settings_of(run) for run in runs}
            if self._unsaved_settings:
                self._settings.save({run.id for run in self._all_runs()})
                self._unsaved_settings = False
        readable = [flat for flat in settings.values() if flat]
        every = dict.fromkeys(path for flat in readable for path in flat)
        differing = [path for path in every if _differ(path, readable)]
        return {run: {path: flat[path] for path in differing if path in flat} for run, flat in settings.items()}

    def alike(self, run: RunFolder, free: str) -> list[RunFolder]:
        """Return the finished runs, this one too, that differ from a run in the setting `free` alone, oldest first."""

        def fixed(flat: dict[str, Any]) -> bytes:
            return msgspec.json.encode({path: value for path, value in flat.items() if path != free}, order="sorted")

        with self._one_at_a_time:
            own = self._settings_of(run)
            if free not in own:
                return []
            others = [one for one in self._all_runs() if self._summary(one).state == "finished"]
            return [one for one in others if fixed(self._settings_of(one)) == fixed(own)]

    def _settings_of(self, run: RunFolder) -> dict[str, Any]:
        now = stamp(run.experiment)
        known = self._settings.get(run.id, now)
        if known is None:
            known = _flat_settings(run)
            if now is not None:
                self._settings.put(run.id, now, known)
                self._unsaved_settings = True
        return known


def _differ(path: str, settings: list[dict[str, Any]]) -> bool:
    values = {msgspec.json.encode(flat[path]) for flat in settings if path in flat}
    return len(values) > 1 or not all(path in flat for flat in settings)


def _flat_settings(run: RunFolder) -> dict[str, Any]:
    """Return key path -> value of a run's whole experiment; nothing where that can't be read."""
    try:
        document = experiment.read(run.experiment).document(complete=True)
    except BadInput:
        return {}
    return {path: value for path, value in _flat(document, "") if path not in _LABELS}


def _flat(table: dict[str, Any], above: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in table.items():
        found += _flat(value, f"{above}{key}.") if isinstance(value, dict) else [(f"{above}{key}", value)]
    return found
