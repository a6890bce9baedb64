"""What rating tables and data sets are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct


class LayoutPart(Struct, frozen=True):
    """One part of how a file is written, such as its separator.

    Attributes:
        name: a parameter of the file's reader: separator, header, encoding and so on.
        value: in words.
        guessed: it was guessed from the file rather than given.
    """

    name: str
    value: str
    guessed: bool


class SourceFile(Struct, frozen=True):
    """A file that was read.

    Attributes:
        name: its name without the folder.
        table: which table it belongs to: ratings, items or users.
        rows: how many rows it has.
        layout: how it is written.
        reader: the reader plugin that reads it.
        why: what that reader saw in it.
    """

    name: str
    table: str
    rows: int
    layout: tuple[LayoutPart, ...]
    reader: str = "delimited"
    why: str = ""


class Column(Struct, frozen=True, omit_defaults=True):
    """A column of a file, or a field that is made of several, and what it is taken for.

    Attributes:
        table: ratings, items or users.
        name: its name in the file; a field's own.
        role: user, item, target, time, id, title, categorical, continuous, multilabel, or "" where it is not used.
        reason: why it has that role, in a few words.
        flag_of: the field of several labels of which it is one, a column of 0 and 1; "" for most.
    """

    table: str
    name: str
    role: str
    reason: str
    flag_of: str = ""

    def is_made_of(self, columns: Sequence[Column]) -> bool:
        """Return whether it is a field that some columns are the flags of."""
        return any((other.table, other.flag_of) == (self.table, self.name) for other in columns)


class Bar(Struct, frozen=True):
    """Rows whose target lies between `low` and `high`, both included; equal ends mean one value."""

    low: float
    high: float
    count: int


class Row(Struct, frozen=True):
    """A row in human words; `time` is UTC in ISO 8601, or None."""

    user: str
    item: str
    target: float
    time: str | None


class Finding(Struct, frozen=True):
    """Something to know of the data.

    Attributes:
        level: "wrong" where it most likely is a mistake, "look" where somebody should look, "note" where something was
            dropped or changed, "fine" where all is as it should be.
        what: what was found, with its number.
        mend: what to do about it, "" where nothing is.
    """

    level: Literal["wrong", "look", "note", "fine"]
    what: str
    mend: str = ""


class CrossTab(Struct, frozen=True):
    """A dense corner of the table of users by items, by name.

    Attributes:
        users: labels, those with most rows first.
        items: titles, those with most rows first.
        cells: for each user, for each item the target, None where there is none; the last one where a pair repeats.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]


class DataProfile(Struct, frozen=True):
    """What `data describe` says of interactions.

    Attributes:
        key: the name under which the imported data are kept.
        fingerprint: a hash of all coded columns and labels.
        files: the files they came from, ratings first.
        columns: every column of these files.
        read: rows read.
        kept: rows kept.
        dropped: reason -> rows.
        users: how many.
        items: how many.
        density: kept rows by users times items; above 1 where pairs repeat.
        feedback: "explicit", or "implicit" where every target is the same.
        targets: the histogram, at most 12 bars.
        target_mean: mean target.
        time_first: the earliest time, UTC in ISO 8601, or None.
        time_last: the latest.
        duplicates: rows that repeat a pair of user and item.
        conflicts: pairs that repeat with another target.
        shared_titles: titles that several items' ids bear.
        merged_items: items that became one with another by their title.
        fields: further field -> its number of labels, 0 for numbers.
        first: the first rows.
        item_tail: rows of items, most first, at evenly spaced ranks from the first to the last, at most 256.
        user_tail: likewise of users.
        half_items: the share of items that holds half of all rows.
        half_users: likewise of users.
        single_items: items with one row.
        single_users: users with one row.
        times: rows over time, in at most 64 equal spans of Unix seconds; empty where there is no time.
        ties: the share of rows that share their second with another of the same user, None where there is no time; of
            a sample of users where there are many rows.
        merged: titles that several items' ids bear, and how many; most first, at most 50.
        missing: role -> rows read without it.
        zeros: rows read whose target is 0.
        crosstab: the items with most rows, and the users with most rows among them.
        findings: what to know, what to look at first; each says what to do.
    """

    key: str
    fingerprint: str
    files: tuple[SourceFile, ...]
    columns: tuple[Column, ...]
    read: int
    kept: int
    dropped: dict[str, int]
    users: int
    items: int
    density: float
    feedback: str
    targets: tuple[Bar, ...]
    target_mean: float
    time_first: str | None
    time_last: str | None
    duplicates: int
    conflicts: int
    shared_titles: int
    merged_items: int
    fields: dict[str, int]
    first: tuple[Row, ...]
    item_tail: tuple[int, ...]
    user_tail: tuple[int, ...]
    half_items: float
    times: tuple[Bar, ...]
    half_users: float = 0.0
    single_items: int = 0
    single_users: int = 0
    ties: float | None = None
    merged: tuple[tuple[str, int], ...] = ()
    missing: dict[str, int] = {}
    zeros: int = 0
    crosstab: CrossTab = CrossTab((), (), ())
    findings: tuple[Finding, ...] = ()


class Preview(Struct, frozen=True):
    """What the beginning of rating files tells, before they are imported.

    Attributes:
        files: how each is written; their rows are not counted.
        columns: every column, and what it is taken for.
        shown: the columns of user, item or title, target and time, as far as there are such.
        rows: the first rows of these columns, as text.
        size: bytes of the rating files, unpacked.
    """

    files: tuple[SourceFile, ...]
    columns: tuple[Column, ...]
    shown: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    size: int


class RowPage(Struct, frozen=True):
    """Rows in human words from `offset` on, of `total`."""

    offset: int
    total: int
    rows: tuple[Row, ...]


class LabelPage(Struct, frozen=True):
    """Labels of a field that contain what was asked for, from `offset` on.

    Attributes:
        offset: of the first label here among those that fit.
        fitting: how many fit.
        total: how many the field has, "#na#" included.
        labels: as (code, label), by code.
    """

    offset: int
    fitting: int
    total: int
    labels: tuple[tuple[int, str], ...]


DatasetState = Literal["here", "partly here", "not here", "made when opened"]


class DatasetCard(Struct, frozen=True):
    """A data set that has a name.

    Attributes:
        name: what `[data] source` calls it.
        full_name: "package:name".
        title: for people.
        summary: one line.
        licence: the terms in a few words.
        may_share: whether they allow to pass it on; None where they do not say.
        page: where it comes from.
        citation: how its makers wish to be cited.
        rows: as published, 0 where that is not known.
        users: likewise.
        items: likewise.
        size: bytes to fetch, 0 where that is not known.
        state: whether it is here.
        folder: where its files are, "" where they are not; of one that is made, the folder that was made last.
        on_disk: their bytes, in all folders.
        splits: published splits by name, and their files.
    """

    name: str
    full_name: str
    title: str
    summary: str
    licence: str
    may_share: bool | None
    page: str
    citation: str
    rows: int
    users: int
    items: int
    size: int
    state: DatasetState
    folder: str
    on_disk: int
    splits: dict[str, list[str]]


class Fetch(Struct, frozen=True):
    """How far a data set is being fetched.

    Attributes:
        name: the data set's full name.
        state: running, done, failed or stopped.
        here: bytes that have come.
        total: bytes in all, 0 where that is not known.
        rate: bytes a second, lately.
        folder: where its files are, when it is done.
        error: why it failed, in a sentence.
        bad_input: the user can mend that.
    """

    name: str
    state: Literal["running", "done", "failed", "stopped"]
    here: int = 0
    total: int = 0
    rate: float = 0.0
    folder: str = ""
    error: str = ""
    bad_input: bool = False


class CachedData(Struct, frozen=True):
    """Imported data that are kept.

    Attributes:
        key: their name.
        sources: the files they came from.
        rows: how many.
        size: bytes, counted once where several entries share a file.
        used: Unix seconds when they were last opened, or kept.
    """

    key: str
    sources: tuple[str, ...]
    rows: int
    size: int
    used: float
