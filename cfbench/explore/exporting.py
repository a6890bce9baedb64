"""What a model learned, as files for other programs: tables of factors, in five formats, by label and never by code."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors.numpy import save_file

from cfbench import durable
from cfbench.answers import Form
from cfbench.errors import BadInput, CfbenchError, listing, nearest
from cfbench.explore.factors import tables_of
from cfbench.explore.ranking import known
from cfbench.explore.trained import Trained

_FILES: dict[Form, tuple[str, ...]] = {
    "parquet": ("users.parquet", "items.parquet", "model.json"),
    "safetensors": (),
    "npz": (),
    "word2vec": ("users.txt", "items.txt"),
    "projector": (
        "users.tsv", "users-metadata.tsv", "items.tsv", "items-metadata.tsv", "projector_config.pbtxt",
    ),
}  # fmt: skip
"""The names in the folder that a form makes; none: it makes a file."""

_ENDINGS: dict[str, Form] = {
    ".parquet": "parquet", ".pq": "parquet", ".safetensors": "safetensors", ".npz": "npz", ".vec": "word2vec",
    ".txt": "word2vec", ".tsv": "projector",
}  # fmt: skip
"""Which form a name's ending says."""

_STRANGE_ENDINGS = (
    ".arrow", ".csv", ".db", ".feather", ".gz", ".h5", ".hdf5", ".htm", ".html", ".ipc", ".json", ".jsonl", ".md",
    ".ndjson", ".npy", ".pickle", ".pkl", ".pt", ".pth", ".sqlite", ".toml", ".xlsx", ".zip",
)  # fmt: skip
"""Endings that say a format that nothing here is written in."""

_LONGEST_HEADER = 100_000_000
"""Bytes of metadata that readers of safetensors take."""


class Stopped(CfbenchError):
    """Somebody asked to stop; nothing was written."""


def export_factors(
    trained: Trained, path: Path, form: Form, force: bool = False, stop: Callable[[], bool] = lambda: False
) -> tuple[Path, ...]:
    """Write the factors and biases of the users and items that training saw, as float32; return the files.

    A file, or a folder of them, is there when it is whole, and not before. Titles and labels are whole too, but for
    the forms in text, whose separators are replaced in them.

    Args:
        trained: the model.
        path: "safetensors" and "npz" make a file, the others a folder.
        form: parquet: users.parquet, items.parquet (label, title, ratings, bias, factors) and model.json.
            safetensors, npz: user_factors (n, k), item_factors, user_bias (n,), item_bias, with labels and titles.
            word2vec: users.txt and items.txt, "n k" and then a word and k numbers a line, biases left out.
            projector: what TensorBoard's embedding projector reads.
        force: replace what is there; a folder only where nothing but exports lies in it.
        stop: says whether to stop; asked before the first file and after the last.

    Raises:
        BadInput: the model has no factors, or `path` ends as another form does, can't be written or is taken.
        DiskFull: there is no room.
        Stopped: `stop` asked for it.
    """
    path = free_place(path, form, force)
    names, learned = _FILES[form], _learned(trained)
    go_on(stop)
    with aside(path, force, names) as place:
        if names:
            place.mkdir()
        _WRITERS[form](learned, place)
        go_on(stop)
    return tuple(path / name for name in names) if names else (path,)


def go_on(stop: Callable[[], bool]) -> None:
    """Raise Stopped where `stop` asks for it."""
    if stop():
        raise Stopped("it was stopped")


def free_place(path: Path, form: Form, force: bool = False) -> Path:
    """Return the absolute path of what is written in a form, once nothing but a full disk speaks against it.

    Raises:
        BadInput: there is no such form, or `path` ends as another does, can't be written or is taken.
    """
    if form not in get_args(Form):
        raise BadInput(f"there is no form '{form}'{nearest(form, get_args(Form))}", mend=f"it is {listing(_FILES)}")
    path = absolute(path)
    _refuse_other_ending(path, form)
    refuse_taken(path, force, _FILES[form])
    return path


def free_file(path: Path, force: bool = False) -> Path:
    """Return the absolute path of a file of recommendations, once nothing but a full disk speaks against it.

    Raises:
        BadInput: `path` ends as another format does, can't be written or is taken.
    """
    path = absolute(path)
    ending = path.suffix.lower()
    if _ENDINGS.get(ending, "parquet") != "parquet" or ending in _STRANGE_ENDINGS:
        what = f"it ends in {ending}, and recommendations are written as parquet"
        raise BadInput(what, where=str(path), mend="end it in .parquet")
    refuse_taken(path, force)
    return path


def _refuse_other_ending(path: Path, form: Form) -> None:
    """Raise BadInput where a path ends as another form does, or as a file where the form is a folder."""
    ending = path.suffix.lower()
    says = _ENDINGS.get(ending)
    if (says is None and ending not in _STRANGE_ENDINGS) or (says == form and not _FILES[form]):
        return
    this = f"{form} is a folder of {', '.join(_FILES[form])}" if _FILES[form] else f"the form is {form}"
    ways = ["name a folder, without an ending" if _FILES[form] else f"end it in .{form}"]
    if says == "parquet":
        ways.append("write --what recommendations, which is such a file")
    elif says is not None and says != form:
        ways.append(f"choose --format {says}{', a folder' if _FILES[says] else ''}")
    raise BadInput(f"it ends in {ending}, and {this}", where=str(path), mend=", or ".join(ways))


# -- writing aside -----------------------------------------------------------------------------------------------------


def absolute(path: Path) -> Path:
    """Return a path from the root on, without "..", so that it has a name and a parent."""
    return Path(os.path.abspath(path))


@contextmanager
def aside(path: Path, force: bool = False, names: Collection[str] = ()) -> Iterator[Path]:
    """Give a path to write to, which becomes `path` when the block ends well; else nothing is left of it.

    Args:
        path: absolute.
        force: replace what is there.
        names: what the folder will hold; none: it is a file.

    Raises:
        BadInput: `path` is taken, or can't be written.
        DiskFull: there is no room.
    """
    refuse_taken(path, force, names)
    with durable.disk_full(path):
        try:
            room = Path(tempfile.mkdtemp(prefix=f".{path.name[:50]}.", suffix=".part", dir=path.parent))
        except OSError as error:
            if durable.no_room(error):
                raise
            raise BadInput(f"it can't be written ({error.strerror})", where=str(path), mend="name another") from error
        try:
            yield room / path.name
            refuse_taken(path, force, names)
            _put(room / path.name, path, room / f"{path.name}.before")
        finally:
            shutil.rmtree(room, ignore_errors=True)


def refuse_taken(path: Path, force: bool, names: Collection[str] = ()) -> None:
    """Raise BadInput where nothing can be written to `path`, or what is there must stay; as `aside` does."""
    where = str(path)
    if not path.parent.is_dir():
        raise BadInput(f"there is no folder {path.parent}", where=where, mend="make it, or name another")
    if not os.path.lexists(path):
        return
    if path.is_dir() != bool(names):
        there, wanted = ("a folder", "a file") if path.is_dir() else ("a file", "a folder")
        raise BadInput(f"{there} is there, and this form is {wanted}", where=where, mend="name another")
    if not force:
        raise BadInput("it is there already", where=where, mend="name another, or replace it with --force")
    ours = {name for files in _FILES.values() for name in files}
    if names and (others := sorted(entry.name for entry in path.iterdir() if entry.name not in ours)):
        raise BadInput(f"'{others[0]}' in it is no export", where=where, mend="only exports are replaced: name another")


def _put(new: Path, path: Path, before: Path) -> None:
    """Rename `new` to `path`; a folder that is there goes to `before`, and comes back should that fail."""
    if not new.is_dir() or not path.exists():
        new.replace(path)
        return
    path.replace(before)
    try:
        new.replace(path)
    except BaseException:
        before.replace(path)
        raise


# -- what is written ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Table:
    """Users or items that training saw.

    Attributes:
        labels: of each.
        titles: of each; a user's is its label.
        ratings: training rows, int32 (n,).
        factors: float32 (n, k).
        bias: float32 (n,), or None.
    """

    labels: list[str]
    titles: list[str]
    ratings: NDArray[np.int32]
    factors: NDArray[np.float32]
    bias: NDArray[np.float32] | None

    @property
    def columns(self) -> dict[str, pl.Series]:
        """A name -> n numbers for each of k factors."""
        return {str(number): pl.Series(column) for number, column in enumerate(np.ascontiguousarray(self.factors.T))}


class _Facts(msgspec.Struct):
    """What a score needs besides tables, and where they are from."""

    run: str
    model: str
    step: int
    n_factors: int
    global_mean: float
    y_range: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class _Learned:
    users: _Table
    items: _Table
    facts: _Facts

    @property
    def sides(self) -> Iterator[tuple[str, _Table]]:
        """ "users" and "items", with their tables."""
        yield "users", self.users
        yield "items", self.items

    @property
    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Tables of numbers by name; a bias that the model has not is none of them."""
        tables = {
            "user_factors": self.users.factors, "item_factors": self.items.factors,
            "user_bias": self.users.bias, "item_bias": self.items.bias,
        }  # fmt: skip
        return {name: table for name, table in tables.items() if table is not None}


def _learned(trained: Trained) -> _Learned:
    tables = tables_of(trained)

    def table(owner: Literal["user", "item"]) -> _Table:
        codes = known(trained, owner)
        factors, bias = getattr(tables, f"{owner}_factors"), getattr(tables, f"{owner}_bias")
        labels, titles = (trained.classes[name] for name in (owner, "title" if owner == "item" else owner))
        return _Table(
            labels=[labels[code] for code in codes.tolist()],
            titles=[titles[code] for code in codes.tolist()],
            ratings=trained.counts[owner][codes],
            factors=factors.detach().float().cpu().numpy()[codes],
            bias=None if bias is None else bias.detach().float().cpu().numpy()[codes],
        )

    facts = _Facts(
        trained.run.id, trained.experiment.model.name, trained.step, tables.user_factors.shape[1],
        float(tables.global_mean), tables.y_range,
    )  # fmt: skip
    return _Learned(table("user"), table("item"), facts)


# -- formats -----------------------------------------------------------------------------------------------------------


def _parquet(learned: _Learned, place: Path) -> None:
    width = pl.Array(pl.Float32, learned.facts.n_factors)
    for name, table in learned.sides:
        columns: dict[str, Any] = {"label": pl.Series(table.labels, dtype=pl.String)}
        if table is learned.items:
            columns["title"] = pl.Series(table.titles, dtype=pl.String)
        columns["ratings"] = table.ratings
        if table.bias is not None:
            columns["bias"] = table.bias
        columns["factors"] = pl.Series(table.factors, dtype=width)
        pl.DataFrame(columns).write_parquet(place / f"{name}.parquet")
    (place / "model.json").write_bytes(msgspec.json.format(msgspec.json.encode(learned.facts)) + b"\n")


def _safetensors(learned: _Learned, place: Path) -> None:
    said = {
        "user_labels": learned.users.labels, "item_labels": learned.items.labels, "item_titles": learned.items.titles,
        **msgspec.to_builtins(learned.facts),
    }  # fmt: skip
    words = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode() for name, value in said.items()
    }
    if len(msgspec.json.encode(words)) + 4096 > _LONGEST_HEADER:
        raise BadInput("the labels are too long for the header of safetensors", mend="write parquet")
    place.touch()
    rights = place.stat().st_mode
    save_file(learned.arrays, place, words)  # for its owner alone
    place.chmod(rights)


def _npz(learned: _Learned, place: Path) -> None:
    facts = learned.facts
    arrays: dict[str, Any] = {**learned.arrays, "global_mean": np.float64(facts.global_mean)}
    if facts.y_range is not None:
        arrays["y_range"] = np.array(facts.y_range, np.float64)
    words = (
        ("user_labels", learned.users.labels), ("item_labels", learned.items.labels),
        ("item_titles", learned.items.titles),
    )  # fmt: skip
    for name, labels in words:
        if any(label.endswith("\0") for label in labels):
            raise BadInput("a label or title ends with a NUL, which arrays of numpy lose", mend="write parquet")
        arrays[name] = np.array(labels, np.str_)
    with place.open("wb") as file:
        np.savez(file, **arrays)


def _word2vec(learned: _Learned, place: Path) -> None:
    for name, table in learned.sides:
        frame = pl.DataFrame({"word": _words(table.labels, table.titles), **table.columns})
        with (place / f"{name}.txt").open("wb") as file:
            file.write(f"{len(table.labels)} {learned.facts.n_factors}\n".encode())
            frame.write_csv(file, include_header=False, separator=" ", quote_style="never")


def _words(labels: Sequence[str], titles: Sequence[str]) -> list[str]:
    """Return a word for each label, all different: the title, with the label where several bear it."""
    ids = [_word(label) for label in labels]
    words = [_word(title) or given for title, given in zip(titles, ids, strict=True)]
    bearers, taken = Counter(words), set()
    found = []
    for word, given in zip(words, ids, strict=True):
        unique = word if bearers[word] == 1 else f"{word}_{given}"
        while not unique or unique in taken or (unique != word and unique in bearers):
            unique += "_"
        taken.add(unique)
        found.append(unique)
    return found


def _word(text: str) -> str:
    return "".join("_" if one.isspace() or unicodedata.category(one) == "Cc" else one for one in text)


def _projector(learned: _Learned, place: Path) -> None:
    config = []
    for name, table in learned.sides:
        pl.DataFrame(table.columns).write_csv(place / f"{name}.tsv", include_header=False, separator="\t")
        columns: dict[str, Any] = {
            "title": [_cell(title) for title in table.titles],
            "label": [_cell(label) for label in table.labels],
            "ratings": table.ratings,
        }
        if table.bias is not None:
            columns["bias"] = table.bias
        pl.DataFrame(columns).write_csv(place / f"{name}-metadata.tsv", separator="\t", quote_style="never")
        config.append(
            f'embeddings {{\n  tensor_name: "{name}"\n  tensor_path: "{name}.tsv"\n'
            f'  metadata_path: "{name}-metadata.tsv"\n}}\n'
        )
    (place / "projector_config.pbtxt").write_text("".join(config))


def _cell(text: str) -> str:
    return "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)


_WRITERS: dict[Form, Callable[[_Learned, Path], None]] = {
    "parquet": _parquet,
    "safetensors": _safetensors,
    "npz": _npz,
    "word2vec": _word2vec,
    "projector": _projector,
}
