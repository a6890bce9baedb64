"""An experiment: everything that defines a run, as one TOML file read into typed, frozen structures."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from glob import glob, has_magic
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import tomlkit
from msgspec import Meta, Struct

from cfbench import paths
from cfbench.errors import BadInput, listing, nearest
from cfbench.text import label

LARGEST_FILE = 1_000_000
"""Bytes; a larger TOML is refused before it is parsed."""

Count = Annotated[int, Meta(ge=0)]


class Component(Struct, frozen=True):
    """A plugin and its parameters: a table with `name` and that plugin's own keys."""

    name: str
    params: dict[str, Any] = {}

    def table(self) -> dict[str, Any]:
        """Return it as it stands in TOML."""
        return {"name": self.name, **self.params}


class About(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The table [experiment]."""

    name: Annotated[str, Meta(description="part of the run's folder name; empty: two words are drawn")] = ""
    seed: Annotated[Count, Meta(description="every random stream starts from this and its own name")] = 42
    seeds: Annotated[
        dict[Literal["split", "init", "shuffle", "dropout"], Count],
        Meta(description="another seed for one stream alone: split, init, shuffle or dropout"),
    ] = {}
    group: Annotated[str, Meta(description="runs that belong together: folds, seeds")] = ""
    notes: Annotated[str, Meta(description="for people")] = ""


Read = Annotated[
    dict[str, Any],
    Meta(description="how the file is written: `name` of a reader and its parameters; what is left out is guessed"),
]


class Side(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A second table with one row a user or an item: titles and more fields."""

    source: Annotated[str, Meta(description="the file")] = ""
    id: Annotated[str | None, Meta(description="its column of ids; the first one if not said")] = None
    title: Annotated[str | None, Meta(description="its column in human words; guessed if not said")] = None
    fields: Annotated[list[str], Meta(description="its columns that categorical and continuous may name")] = []
    read: Read = {}
    flags: Annotated[
        dict[str, Annotated[list[str], Meta(min_length=1)]],
        Meta(description="fields of several labels, for multilabel to name: each one's columns of 0 and 1"),
    ] = {}


class ItemSide(Side, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The table [data.items]."""

    by: Annotated[Literal["id", "title"], Meta(description="what makes two items one: the id, or the title")] = "id"


class Data(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The table [data]. A role that is not said is guessed; "none" says that there is no such column."""

    source: Annotated[str | list[str], Meta(description="a file, several files, or a named data set")] = ""
    params: Annotated[dict[str, Any], Meta(description="parameters of a named data set")] = {}
    user: Annotated[str | None, Meta(description="column of users")] = None
    item: Annotated[str | None, Meta(description="column of items")] = None
    target: Annotated[str | None, Meta(description='column of ratings; "none": every row counts as 1')] = None
    time: Annotated[str | None, Meta(description='column of Unix seconds; "none": there is none')] = None
    title: Annotated[str | None, Meta(description='column with the items in human words; "none": there is none')] = None
    categorical: Annotated[list[str], Meta(description="more columns that hold one of a set of labels")] = []
    continuous: Annotated[list[str], Meta(description="more columns that hold numbers")] = []
    multilabel: Annotated[
        list[str], Meta(description='more columns that hold several labels at once, such as "Comedy|Drama"')
    ] = []
    duplicates: Annotated[
        Literal["keep", "error", "first", "last", "latest", "mean", "max", "sum", "count"],
        Meta(description="a pair rated more than once; last is by row, latest by time"),
    ] = "keep"
    missing: Annotated[Literal["error", "drop"], Meta(description="rows without a user, an item or a target")] = "error"
    zero: Annotated[
        Literal["rating", "missing"], Meta(description="what a target of 0 means: a rating, or that there is none")
    ] = "rating"
    at_least: Annotated[
        float | None, Meta(description="drop rows with a smaller target", extra_json_schema={"x-unset": "none"})
    ] = None
    values: Annotated[
        Literal["rating", "one", "log"],
        Meta(description="a target is a rating, counts as 1 (implicit feedback), or becomes log(1 + target)"),
    ] = "rating"
    min_user: Annotated[Count, Meta(description="drop users with fewer rows, until all that are left have enough")] = 0
    min_item: Annotated[Count, Meta(description="drop items with fewer rows, likewise")] = 0
    candidates: Annotated[
        str,
        Meta(description="a file that gives each valid or test row the items that HR@10~99 and its like rank among"),
    ] = ""
    read: Read = {}
    items: ItemSide = ItemSide()
    users: Side = Side()


class Loader(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The table [loader]."""

    batch_size: Annotated[int, Meta(ge=1, description="rows a step")] = 64
    shuffle: Annotated[bool, Meta(description="training rows in drawn order")] = True
    reshuffle: Annotated[
        bool, Meta(description="draw the order anew each epoch, else once; drawing takes time too")
    ] = True
    blocks: Annotated[
        Count,
        Meta(description="put rows of like users and items together: so many ranges of users by half as many of items"),
    ] = 0
    drop_last: Annotated[bool, Meta(description="leave out an epoch's last batch when it is short")] = False

    def batches(self, rows: int) -> int:
        """Return the number of batches that an epoch of so many training rows has.

        Raises:
            BadInput: it has none.
        """
        whole, rest = divmod(rows, self.batch_size)
        number = whole + (rest > 0 and not self.drop_last)
        if not number:
            raise BadInput(
                f"{rows:,} training rows make no batch of {self.batch_size:,}",
                where="loader.batch_size",
                mend="make it smaller or set loader.drop_last = false",
            )
        return number


class Training(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The table [training]."""

    epochs: Annotated[int, Meta(ge=1, description="passes over the training rows")] = 5
    device: Annotated[
        str,
        Meta(
            pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$",
            description="auto, cpu, cuda, cuda:1 or mps",
            examples=["auto", "cpu", "cuda", "cuda:1", "mps"],
        ),
    ] = "auto"
    engine: Annotated[
        Literal["auto", "autograd", "fused"],
        Meta(description="fused: a row a step in closed form, by compiled loops; auto: where that is the very same"),
    ] = "auto"
    threads: Annotated[
        Count, Meta(description="CPU threads; with autograd more than 1 pays with batches of thousands; 0: one a CPU")
    ] = 1
    lock_free: Annotated[
        bool, Meta(description="threads of the fused engine take any rows at once: no two runs are the same then")
    ] = False
    precision: Annotated[Literal["float32", "float64"], Meta(description="of parameters and sums")] = "float32"
    early_stopping: Annotated[
        Count, Meta(description="stop after this many epochs without a better valid loss; 0: never")
    ] = 0
    checkpoint_every: Annotated[
        Count, Meta(description="steps between checkpoints, besides the one after each epoch; 0: only those")
    ] = 0


class Experiment(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that defines a run."""

    experiment: About = About()
    data: Data = Data()
    splitter: Component = Component("random")
    loader: Loader = Loader()
    model: Component = Component("biased-dot-product")
    loss: Component = Component("mse")
    sampler: Component | None = None
    optimizer: Component = Component("adamw")
    schedule: Component = Component("one-cycle")
    training: Training = Training()
    metrics: tuple[Component, ...] = (Component("rmse"), Component("mae"))

    def document(self, complete: bool = False) -> dict[str, Any]:
        """Return it as plain tables; settings of the fixed tables that have their default are there if `complete`."""
        tables: dict[str, Any] = {}
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, Component):
                tables[name] = value.table()
            elif name == "metrics":
                tables[name] = [metric.table() for metric in value]
            else:
                tables[name] = _complete(value) if complete else msgspec.to_builtins(value)
        return tables

    def seed_of(self, stream: str) -> int:
        """Return the seed of a random stream: its own where [experiment.seeds] names it, else the experiment's."""
        own = {name: seed for name, seed in self.experiment.seeds.items() if name == stream}
        return next(iter(own.values()), self.experiment.seed)


COMPONENTS = ("splitter", "model", "loss", "optimizer", "schedule")
"""The tables of an experiment that name one plugin each; [[metrics]] names any number, [sampler] one or none."""

PLUGIN_TABLES = (*COMPONENTS, "sampler")
"""All tables that name one plugin."""

SAMPLER = "uniform"
"""The sampler of a loss that needs one, where the experiment names none."""

_METRIC = re.compile(r"(?P<name>[^@~]+)(@(?P<k>\d+))?(~(?P<candidates>\d+))?")


def metric(text: str) -> Component:
    """Return the metric that a name such as ``rmse``, ``NDCG@10`` or ``HR@10~99`` means.

    Raises:
        BadInput: it is no such name.
    """
    found = _METRIC.fullmatch(text.strip())
    if not found:
        raise BadInput(f"'{text}' is not the name of a metric", mend="write it as in rmse, NDCG@10 or HR@10~99")
    package, colon, bare = found["name"].rpartition(":")
    params = {key: int(found[key]) for key in ("k", "candidates") if found[key]}
    return Component(f"{package}{colon}{bare if colon else bare.lower()}", params)


# -- reading --


def read(path: str | Path, settings: Iterable[str] = (), *, locate: bool = True) -> Experiment:
    """Return the experiment of a TOML file, with overrides such as ``model.n_factors=128`` applied.

    Paths of data files in it are relative to the file's folder; they come back absolute, or, where the files are on
    another machine (`locate` false), as they are.

    Raises:
        BadInput: the file is missing, is not TOML, or says something that an experiment can't mean.
    """
    path = Path(path)
    document = read_document(path)
    override_all(document, settings)
    experiment = parse(document, where=str(path))
    return located(experiment, path.absolute().parent) if locate else experiment


def read_document(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file, with every way in which the file can be unreadable said in a sentence."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise BadInput(
                f"{size:,} bytes are too many for an experiment", where=str(path), mend="is it the data file?"
            )
        return tables(path.read_bytes().decode("utf-8"), str(path))
    except FileNotFoundError as error:
        raise BadInput(
            "there is no such file", where=str(path), mend="'cfbench experiment new' prints one to start from"
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput("it is not text in UTF-8", where=str(path), mend="an experiment is a TOML file") from error
    except OSError as error:
        raise BadInput(f"it can't be read ({error.strerror})", where=str(path)) from error


def tables(text: str, where: str) -> dict[str, Any]:
    """Return the plain tables of TOML text; BadInput where it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"this is not TOML: {error}", where=where, mend="mend that line") from error
    except RecursionError as error:
        raise BadInput("brackets are nested too deep", where=where, mend="an experiment needs three levels") from error
    except ValueError as error:
        raise BadInput("a number is too long", where=where, mend="shorten it") from error


def override_all(document: dict[str, Any], settings: Iterable[str]) -> None:
    """Put each ``table.key=value`` into the tables; plugins' names first, since a name starts its table anew."""
    for setting in sorted(settings, key=lambda setting: not setting.partition("=")[0].strip().endswith(".name")):
        override(document, setting)


def override(document: dict[str, Any], setting: str) -> None:
    """Put one ``table.key=value`` into the tables; the value is read as TOML where it is TOML, else as text.

    Naming another plugin (``model.name=…``) starts that table anew: the old plugin's parameters mean nothing to it.
    """
    path, equals, text = setting.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise BadInput(f"'{setting}' is not KEY=VALUE", where="--set", mend="write for example model.n_factors=128")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        value = text
    table = document
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise BadInput(f"'{key}' is not a table", where=f"--set {path}", mend="name a key of a table")
    if keys[1:] == ["name"] and keys[0] in COMPONENTS and not same_plugin(table.get("name", _default(keys[0])), value):
        table.clear()
    table[keys[-1]] = value


_hints = functools.cache(get_type_hints)


def parse(document: Mapping[str, Any], where: str = "experiment") -> Experiment:
    """Return plain tables as an experiment; plugin names and parameters are checked by the registry, not here.

    A table such as [model] without a name is about the default plugin.

    Raises:
        BadInput: an unknown key or a value that is not allowed; names its path and what is allowed.
    """
    hints = _hints(Experiment)
    fields: dict[str, Any] = {}
    for key, value in document.items():
        if key not in hints:
            raise _unknown_key(key, key, hints, where)
        if key == "metrics":
            if not isinstance(value, list):
                raise BadInput(f"{key} = {_shown(value)} is not a list", where=where, mend="write [[metrics]] tables")
            fields[key] = tuple(_metric(metric, f"metrics[{n}]", where) for n, metric in enumerate(value))
        elif key == "sampler":
            fields[key] = _component(value, key, where, SAMPLER)
        elif hints[key] is Component:
            fields[key] = _component(value, key, where, _default(key))
        else:
            fields[key] = _table(value, hints[key], key, where)
    return Experiment(**fields)


def located(experiment: Experiment, folder: Path) -> Experiment:
    """Return the experiment with its data files' paths made absolute, relative ones starting from `folder`."""

    def absolute(source: str) -> str:
        path = paths.given(source, folder)
        packed = any(parent.is_file() for parent in path.parents)
        fits = has_magic(source) and bool(glob(str(path)))
        return str(path) if source and (path.exists() or packed or fits) else source

    data = experiment.data
    source = absolute(data.source) if isinstance(data.source, str) else [absolute(part) for part in data.source]
    items = msgspec.structs.replace(data.items, source=absolute(data.items.source))
    users = msgspec.structs.replace(data.users, source=absolute(data.users.source))
    data = msgspec.structs.replace(data, source=source, items=items, users=users, candidates=absolute(data.candidates))
    return msgspec.structs.replace(experiment, data=data)


def same_plugin(one: Any, other: Any) -> bool:
    """Return whether two names, bare or full, can mean one plugin."""
    if ":" in str(one) and ":" in str(other):
        return bool(one == other)
    return str(one).rpartition(":")[2] == str(other).rpartition(":")[2]


def _default(table: str) -> str:
    name: str = getattr(Experiment(), table).name
    return name


def _component(value: Any, path: str, where: str, default: str | None = None) -> Component:
    if not isinstance(value, dict):
        raise BadInput(f"{path} = {_shown(value)} is not a table", where=where, mend=f'write [{path}] with name = "…"')
    name = value.get("name", default)
    if not isinstance(name, str):
        raise BadInput(
            f"{path}.name is {'missing' if name is None else _shown(name)}",
            where=where,
            mend="give it the name of a plugin; 'cfbench plugins list' shows them",
        )
    return Component(name, {key: entry for key, entry in value.items() if key != "name"})


def _metric(value: Any, path: str, where: str) -> Component:
    """Return a metric given by its name alone, as in ``metrics = ["rmse", "NDCG@10"]``, or by a table."""
    if isinstance(value, str):
        return metric(value)
    table = _component(value, path, where)
    named = metric(table.name)
    return Component(named.name, {**named.params, **table.params})


def _table(value: Any, kind: type[Struct], path: str, where: str) -> Struct:
    _refuse_unknown_keys(value, kind, path, where)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _not_allowed(error, value, kind, path, where) from error


def _refuse_unknown_keys(value: Any, kind: type[Struct], path: str, where: str) -> None:
    if not isinstance(value, dict):
        raise BadInput(f"{path} = {_shown(value)} is not a table", where=where, mend=f"write [{path}]")
    hints = _hints(kind)
    for key, entry in value.items():
        if key not in hints:
            raise _unknown_key(key, f"{path}.{key}", hints, where)
        if isinstance(hints[key], type) and issubclass(hints[key], Struct):
            _refuse_unknown_keys(entry, hints[key], f"{path}.{key}", where)


def _unknown_key(key: str, path: str, known: Iterable[str], where: str) -> BadInput:
    return BadInput(f"unknown key {path}{nearest(key, known)}", where=where, mend=f"allowed are {listing(known)}")


def _not_allowed(error: msgspec.ValidationError, value: Any, kind: type, path: str, where: str) -> BadInput:
    message, place = re.fullmatch(r"(.*?)(?: - at (?:`key` in )?`\$(.*)`)?", str(error), re.DOTALL).groups("")  # type: ignore[union-attr]
    keys = [key or any_key or int(index) for key, any_key, index in _STEP.findall(place)]
    hint: Any = kind
    for key in keys:
        if isinstance(key, str) and isinstance(hint, type) and issubclass(hint, Struct):
            hint = get_type_hints(hint, include_extras=True)[key]
        if key == "...":
            hint = get_args(get_args(hint)[0] if get_origin(hint) is Annotated else hint)[1]
            key = next(name for name, one in value.items() if not _fits(one, hint))
        value = value[key] if isinstance(value, (dict, list)) else value
        path += f"[{key}]" if isinstance(key, int) else f".{key}"
    choices = _choices(hint)
    allowed = f"allowed: {listing(choices)}" if choices else _in_words(message, path)
    guess = nearest(value, choices) if isinstance(value, str) else ""
    return BadInput(f"{path} = {_shown(value)} is not allowed{guess}", where=where, mend=allowed)


_STEP = re.compile(r"\.(\w+)|\[(\.\.\.)\]|\[(\d+)\]")
"""A key, any key of a table whose keys are free, or a place in a list, in a path of msgspec's."""


def _fits(value: Any, hint: Any) -> bool:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return True


_WORDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false", "array": "a list"}


def _in_words(message: str, path: str) -> str:
    """Return what msgspec expected in a user's words: Expected `int` >= 1 is "allowed: a whole number >= 1"."""
    if "matching regex" in message:
        return f"allowed: {help_of(path)}"
    expected = message.removeprefix("Expected ").partition(", got")[0]
    return f"allowed: {re.sub('`([a-z]+)`', lambda word: _WORDS.get(word[1], word[1]), expected)}"


def _choices(hint: Any) -> list[str]:
    if get_origin(hint) is Literal:
        return [choice for choice in get_args(hint) if isinstance(choice, str)]
    return [choice for part in get_args(hint) for choice in _choices(part)]


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()[:80] if not isinstance(value, float) else repr(value)


# -- writing --


def _complete(table: Struct) -> dict[str, Any]:
    """Return a table with its defaults, but for those that mean "guess" or "there is none"."""
    values = {name: getattr(table, name) for name in table.__struct_fields__}
    plain = {
        name: _complete(value) if isinstance(value, Struct) else msgspec.to_builtins(value)
        for name, value in values.items()
        if not isinstance(value, Struct) or value != type(value)()
    }
    return {name: value for name, value in plain.items() if value not in (None, "", [], {})}


def to_toml(experiment: Experiment, comment: Callable[[str], str] | None = None, complete: bool = False) -> str:
    """Return the experiment as TOML.

    Args:
        experiment: what to write.
        comment: gives a line of help for a key's path, or nothing.
        complete: write settings that have their default too.
    """
    document = tomlkit.document()
    for name, table in experiment.document(complete).items():
        if isinstance(table, list):
            array = tomlkit.aot()
            for entry in table:
                array.append(_toml_table(entry, name, comment))
            document.append(name, array)
        elif table:
            document.append(name, _toml_table(table, name, comment))
    return tomlkit.dumps(document)


def table_to_toml(component: Component, path: str, comment: Callable[[str], str]) -> str:
    """Return one plugin's table as `to_toml` writes it, its header first."""
    return tomlkit.dumps(tomlkit.document().append(path, _toml_table(component.table(), path, comment)))


def _toml_table(table: Mapping[str, Any], path: str, comment: Callable[[str], str] | None) -> tomlkit.items.Table:
    rendered = tomlkit.table()
    nested = {key: value for key, value in table.items() if isinstance(value, dict)}
    for key, value in table.items():
        if key in nested:
            continue
        item = tomlkit.item("none" if value is None else value)
        if comment and (text := comment(f"{path}.{key}")):
            item.comment(label(text))
        rendered.append(key, item)
    for key, value in nested.items():
        if value:
            rendered.append(key, _toml_table(value, f"{path}.{key}", comment))
    return rendered


def help_of(path: str) -> str:
    """Return the line of help of a key of the fixed tables, such as ``loader.batch_size``, or nothing."""
    hint: Any = Experiment
    for key in path.split("."):
        if not (isinstance(hint, type) and issubclass(hint, Struct)):
            return ""
        hint = get_type_hints(hint, include_extras=True).get(key)
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Meta) and extra.description:
            return extra.description
    return ""
