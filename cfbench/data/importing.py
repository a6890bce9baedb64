"""From an experiment's [data] to interactions: read, join, code, apply the policies; kept, so that it happens once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.answers import Column, SourceFile
from cfbench.data import account, cache, coding, files, gathering, policies, reading, roles, sides, values
from cfbench.data.gathering import Gathered
from cfbench.data.interactions import Counts, Interactions, MultiLabel
from cfbench.data.named import resolved
from cfbench.errors import BadInput, nearest
from cfbench.experiment import Data
from cfbench.plugin import NA

_RESERVED = ("user", "item", "title")
_MOST_LABELS = 1000
_FAR_BETTER = 0.25


def open_interactions(data: Data, *, verify: bool = False) -> Interactions:
    """Return the interactions of an experiment's [data], imported once and kept.

    Args:
        data: sources, roles, policies; paths as they stand, so relative ones start from the working folder.
        verify: hash the source files and the kept columns again, rather than trust sizes and times of change.

    Raises:
        BadInput: the files or the settings can't be used; names the file, the line and the value.
        DiskFull: there is no room to keep the imported columns.
    """
    data = resolved(data)

    def read() -> Interactions:
        plan = planned(data)
        rows = cache.opened(lambda: plan.key(verify=verify), plan.read, verify=verify)
        counted = replace(rows, files=plan.files(rows), columns=plan.columns())
        return policies.apply(counted, data, plan.place)

    return cache.opened(lambda: cache.key_of(data, verify=verify), read, verify=verify)


@dataclass(frozen=True)
class Plan:
    """What is read as what, nothing left to guess.

    Attributes:
        data: the experiment's [data].
        stack: the rating files.
        sample: their first rows, as text.
        roles: their columns' roles.
        items: the item table, if there is one.
        users: the user table, if there is one.
        origin: further field -> the side table that has it, None for the ratings.
    """

    data: Data
    stack: reading.Stack
    sample: pl.DataFrame
    roles: roles.Roles
    items: sides.SideTable | None
    users: sides.SideTable | None
    origin: dict[str, sides.SideTable | None]

    @property
    def side_tables(self) -> list[sides.SideTable]:
        """The side tables that there are, items first."""
        return [side for side in (self.items, self.users) if side is not None]

    def key(self, *, verify: bool) -> str:
        """Return the key of the rows as read, before any policy: equal for settings that read the same."""
        opened = [*self.stack.opened, *(side.opened for side in self.side_tables)]
        chosen = [self.roles.user, self.roles.item, self.roles.target, self.roles.time, self.roles.title]
        joined = [(side.kind, side.id, side.title) for side in self.side_tables]
        fields = [self.data.categorical, self.data.continuous, self.data.multilabel]
        origin = {name: side.kind if side else "" for name, side in self.origin.items()}
        settings: list[Any] = [[one.settings for one in opened], chosen, joined, fields, origin]
        flags = {name: side.flags[name] for name, side in self.origin.items() if side and name in side.flags}
        settings += [flags] if flags else []
        return cache.key(
            [one.file.stored for one in opened], [one.file.member for one in opened], settings, verify=verify
        )

    def read(self) -> Interactions:
        """Return all rows, code 0, NaN and `values.NO_TIME` where a value is missing."""
        mine = [name for name, side in self.origin.items() if side is None]
        gathered = gathering.gather(self.stack, self.roles, self.data, mine, self.sample)
        if not len(gathered.part):
            raise BadInput("there is no row", where=self.stack.where, mend="name a file with one row a rating")
        return _Rows(self, gathered).interactions()

    def place(self, row: int) -> str:
        """Return the file and line of a row of the whole."""
        *others, last = self.stack.opened
        for opened in others:
            height = sum(frame.height for frame in opened.batches([self.roles.user]))
            if row < height:
                return opened.place(row)
            row -= height
        return last.place(row)

    def files(self, read: Interactions) -> tuple[SourceFile, ...]:
        """Return the files that were read, ratings first, and how each is written."""
        rows = [file.rows for file in read.files]
        tables = ["ratings"] * len(self.stack.opened) + [side.kind for side in self.side_tables]
        opened = [*self.stack.opened, *(side.opened for side in self.side_tables)]
        return tuple(one.account(table, count) for one, table, count in zip(opened, tables, rows, strict=True))

    def columns(self) -> tuple[Column, ...]:
        """Return every column of the files with its role and the reason for it."""
        return account.columns(self.sample, self.side_tables, self.roles, self.data, self.origin)


def planned(data: Data) -> Plan:
    """Return what is read as what; `data` names no data set.

    Raises:
        BadInput: a file can't be read, or a setting names what is not there.
    """
    stack = reading.stack(files.named(data), data.read)
    sample = stack.opened[0].sample()
    chosen = roles.assign(sample, data, stack.where)
    items = sides.find("items", data.items, chosen.item, stack.columns)
    taken = [*stack.columns, *(items.sample.columns if items else ())]
    users = sides.find("users", data.users, chosen.user, taken)
    side_tables = [side for side in (items, users) if side]
    origin = _field_origins(data, list(stack.columns), side_tables, chosen)
    _refuse_lost_target(data, sample, chosen, side_tables, stack.where)
    return Plan(data, stack, sample, chosen, items, users, origin)


def _refuse_lost_target(
    data: Data, sample: pl.DataFrame, chosen: roles.Roles, side_tables: list[sides.SideTable], where: str
) -> None:
    """Raise BadInput where a column became a field that else would have been the target, and nothing else is it."""
    lost = roles.lost_target(sample, data, chosen)
    if lost is None:
        return
    meant = _namesakes(lost, side_tables)
    instead = f"name the other table's, '{meant[0]}'" if meant else "leave it out of the fields"
    raise BadInput(
        f"'{lost}' is a field, and without it no column is left for the target",
        where=where,
        mend=f'{instead}, or say target in [data]: a column, or "none" where each row counts as 1',
    )


def _namesakes(column: str, side_tables: list[sides.SideTable]) -> list[str]:
    """Return what the side tables' own columns are called that would be called as a column of the ratings."""
    return [name for side in side_tables if (name := f"{side.kind}_{column}") in side.fields]


def _field_origins(
    data: Data, columns: list[str], side_tables: list[sides.SideTable], chosen: roles.Roles
) -> dict[str, sides.SideTable | None]:
    """Field -> the side table that has it, None for the ratings: they are looked through first, then items, users."""
    kinds = {"categorical": data.categorical, "continuous": data.continuous, "multilabel": data.multilabel}
    fields = [name for names in kinds.values() for name in names]
    _refuse_taken(columns, side_tables)
    origin: dict[str, sides.SideTable | None] = {}
    for kind, names in kinds.items():
        for name in names:
            key = f"[data] {kind}"
            if fields.count(name) > 1:
                raise BadInput(f"'{name}' is named twice", where=key, mend="name each field once")
            if name in _RESERVED or name in chosen.by_column():
                role = chosen.by_column().get(name, name)
                meant = _namesakes(name, side_tables)
                mend = f"the other table's is '{meant[0]}'" if meant else "name other columns"
                raise BadInput(f"'{name}' already is the {role}", where=key, mend=mend)
            holders = [side for side in side_tables if name in side.fields]
            if name not in columns and not holders:
                known = [*columns, *(column for side in side_tables for column in side.fields)]
                fault = f"'{name}' is not a column of the data{nearest(name, known)}"
                for side in side_tables:
                    if name in side.sample.columns:
                        fault = f"'{name}' is not among the fields of [data.{side.kind}]"
                raise BadInput(fault, where=key, mend=f"there are {', '.join(dict.fromkeys(known))}")
            if kind != "multilabel" and holders and name in holders[0].flags:
                raise BadInput(f"'{name}' is made of flags: several labels", where=key, mend="name it in multilabel")
            origin[name] = None if name in columns else holders[0]
    return origin


def _refuse_taken(columns: list[str], side_tables: list[sides.SideTable]) -> None:
    """Raise BadInput where a field of flags has the name of something in another table."""
    for side in side_tables:
        taken = {name: other.kind for other in side_tables if other is not side for name in other.fields}
        taken |= dict.fromkeys(columns, "ratings")
        for field in side.flags:
            if field in taken:
                raise BadInput(
                    f"'{field}' is a column of the {taken[field]} already",
                    where=f"[data.{side.kind}] flags",
                    mend="give the field another name",
                )


class _Rows:
    """Gathered columns with the side tables joined in."""

    def __init__(self, plan: Plan, gathered: Gathered) -> None:
        self.plan, self.gathered = plan, gathered
        self.joined = {side.kind: sides.join(side, gathered.labels[side.kind[:-1]]) for side in plan.side_tables}

    def interactions(self) -> Interactions:
        """Return everything, no policy applied."""
        gathered, data = self.gathered, self.plan.data
        user, item = gathered.codes["user"], gathered.codes["item"]
        classes = {"user": gathered.labels["user"], "item": gathered.labels["item"]}
        classes["title"], titled = self._titles()
        categorical, continuous, multilabel = {}, {}, {}
        for name in data.categorical:
            categorical[name], classes[name] = self._labels(name)
        for name in data.continuous:
            continuous[name] = self._numbers(name)
        for name in data.multilabel:
            multilabel[name], classes[name] = self._sets(name)
        opened = [*self.plan.stack.opened, *(side.opened for side in self.plan.side_tables)]
        heights = [*gathered.rows, *(joined.frame.height for joined in self.joined.values())]
        tables = ["ratings"] * len(gathered.rows) + list(self.joined)
        found = [one.account(table, rows) for one, table, rows in zip(opened, tables, heights, strict=True)]
        target = gathered.numbers["target"]
        items = self.joined.get("items")
        return Interactions(
            user=user,
            item=item,
            target=target,
            time=gathered.time,
            part=gathered.part,
            sources=tuple(one.file.stored.name for one in self.plan.stack.opened),
            categorical=categorical,
            continuous=continuous,
            multilabel=multilabel,
            classes=classes,
            titled=titled,
            counts=Counts(
                read=len(user),
                zero_targets=int(np.count_nonzero(target == 0)),
                missing=self._missing(),
                swapped=self._swapped(),
                time_unit=gathered.time_unit,
                untitled=0 if items is None else int(np.count_nonzero(items.row[1:] < 0)),
                side_repeats={
                    joined.side.opened.file.name: joined.repeated for joined in self.joined.values() if joined.repeated
                },
            ),
            files=tuple(found),
        )

    def _missing(self) -> dict[str, int]:
        gathered = self.gathered
        counts = {
            "user": np.count_nonzero(gathered.codes["user"] == 0),
            "item": np.count_nonzero(gathered.codes["item"] == 0),
            "target": np.count_nonzero(np.isnan(gathered.numbers["target"])),
            "time": 0 if gathered.time is None else np.count_nonzero(gathered.time == values.NO_TIME),
        }
        return {role: int(count) for role, count in counts.items() if count}

    def _swapped(self) -> bool:
        """Whether the users' labels are far more of the item table's ids than the items' are."""
        items = self.joined.get("items")
        if items is None:
            return False
        ids = items.frame[items.side.id].unique()
        shares = [ids.is_in(pl.Series(self.gathered.labels[role]).implode()).mean() for role in ("user", "item")]
        user, item = (share if isinstance(share, float) else 0.0 for share in shares)
        return user > item + _FAR_BETTER

    def _titles(self) -> tuple[list[str], NDArray[np.bool_]]:
        """The items in words: by the item table, else by a column of the ratings, else their ids."""
        ids = self.gathered.labels["item"]
        found = [""] * len(ids)
        items = self.joined.get("items")
        if items is not None and items.side.title is not None:
            found = items.column(items.side.title)
        elif "title" in self.gathered.codes:
            titles = self.gathered.labels["title"]
            item, title = self.gathered.codes["item"], self.gathered.codes["title"]
            first = np.zeros(len(ids), np.int32)
            named = title != 0
            first[item[named][::-1]] = title[named][::-1]
            found = [titles[code] if code else "" for code in first.tolist()]
        titled = np.array([bool(title) for title in found])
        titled[0] = False
        return [NA, *(title or label for title, label in zip(found[1:], ids[1:], strict=True))], titled

    def _owner(self, name: str) -> tuple[sides.JoinedSide, NDArray[np.int32]]:
        """The joined side table of a field, and for each row the code that leads to it."""
        side = self.plan.origin[name]
        if side is None:
            raise KeyError(name)
        return self.joined[side.kind], self.gathered.codes[side.kind[:-1]]

    def _labels(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        if self.plan.origin[name] is None:
            return self.gathered.codes[f"field {name}"], self.gathered.labels[f"field {name}"]
        joined, owner = self._owner(name)
        coder = coding.Coder()
        codes = coder.encode(coding.prepared(pl.Series(joined.column(name), dtype=pl.String)))
        return codes[owner], coder.labels()

    def _numbers(self, name: str) -> NDArray[np.float32]:
        if self.plan.origin[name] is None:
            return self.gathered.numbers[f"field {name}"]
        joined, owner = self._owner(name)
        place = joined.side.opened.place
        text = joined.side.opened.with_points(joined.frame[name])
        every = values.numbers(text, f"a number for '{name}'", place).astype(np.float32)
        return np.append(every, np.float32("nan"))[joined.row][owner]

    def _sets(self, name: str) -> tuple[MultiLabel, list[str]]:
        flags = False
        if self.plan.origin[name] is None:
            texts, owner = self.gathered.labels[f"field {name}"], self.gathered.codes[f"field {name}"]
            texts = ["", *texts[1:]]
        else:
            joined, owner = self._owner(name)
            flags = name in joined.side.flags
            texts = joined.flagged(name) if flags else joined.column(name)
        separator = sides.BETWEEN if flags else roles.separator_of_labels([text for text in texts if text]) or "|"
        sets, members, labels = gathering.sets_of(texts, separator)
        if len(labels) > _MOST_LABELS:
            raise BadInput(
                f"'{name}' holds {len(labels) - 1:,} labels, more than {_MOST_LABELS:,}",
                where="[data] multilabel",
                mend="take it as categorical, or leave it out",
            )
        return MultiLabel(sets[owner], members), labels
