"""Bad input gets one sentence: what, where and how to mend it. Exit code 2, no traceback, nothing left behind."""

import gzip
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]

GOOD = "user,item,rating\n1,2,3\n4,5,1\n2,2,4\n4,2,5\n1,5,2\n"


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data) and None


def toml(text: str) -> Callable[[Path], None]:
    return write("e.toml", text)


def folder_named(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).mkdir()


def nothing(folder: Path) -> None:
    pass


DEMO = toml('[data]\nsource = "demo"\n')
NOISE = random.Random(1).randbytes(4000)

DESCRIBE = ("data", "describe", "r.csv")
TRAIN = ("train", "e.toml")

CASES = {
    # data files
    "missing file": (nothing, DESCRIBE, ["r.csv", "no such file", "check its name"]),
    "empty file": (write("r.csv", ""), DESCRIBE, ["r.csv", "empty", "name a file"]),
    "binary file": (write("r.csv", NOISE), DESCRIBE, ["r.csv", "not text", "give delimited text"]),
    "cut gzip": (write("r.csv", gzip.compress(GOOD.encode() * 500)[:-20]), DESCRIBE, ["r.csv"]),
    "a folder": (folder_named("r.csv"), DESCRIBE, ["r.csv", "folder", "name a file"]),
    "one column": (write("r.csv", "only\na\nb\n"), DESCRIBE, ["r.csv", "one column", "separator"]),
    "header alone": (write("r.csv", "user,item,rating\n"), DESCRIBE, ["r.csv", "no row", "name a file"]),
    "text for a rating": (write("r.csv", GOOD + "7,8,good\n"), DESCRIBE, ["r.csv, line 7", "'good'", "mend"]),
    "NaN for a rating": (write("r.csv", GOOD + "7,8,nan\n"), DESCRIBE, ["r.csv, line 7", "'nan'", "mend"]),
    "no rating": (write("r.csv", GOOD + "7,8,\n"), DESCRIBE, ["r.csv, line 7", "missing", "drop"]),
    "no user": (write("r.csv", GOOD + ",8,3\n"), DESCRIBE, ["r.csv, line 7", "user", "missing", "drop"]),
    "short row": (write("r.csv", GOOD + "7,8\n"), DESCRIBE, ["r.csv, line 7", "2 values", "3", "mend"]),
    "unknown column": (write("r.csv", GOOD), (*DESCRIBE, "--user", "usr"), ["'usr'", "'user'", "item, rating"]),
    "two roles for a column": (
        write("r.csv", GOOD),
        (*DESCRIBE, "--item", "user", "--user", "user"),
        ["'user'", "and"],
    ),
    "unknown encoding": (write("r.csv", GOOD), (*DESCRIBE, "--encoding", "klingon"), ["klingon", "cp1252"]),
    "missing item table": (write("r.csv", GOOD), (*DESCRIBE, "--items", "t.csv"), ["t.csv", "no such file"]),
    "neither file nor data set": (nothing, ("data", "describe", "dmo"), ["dmo", "demo"]),
    # experiments
    "missing experiment": (nothing, TRAIN, ["e.toml", "no such file", "cfbench experiment new"]),
    "broken TOML": (toml("[data\n"), TRAIN, ["e.toml", "not TOML", "line 1"]),
    "TOML of noise": (toml(""), TRAIN, ["data.source", "missing", "demo"]),
    "binary TOML": (write("e.toml", NOISE), TRAIN, ["e.toml", "UTF-8", "TOML"]),
    "TOML nested too deep": (toml("x = " + "[" * 5000), TRAIN, ["e.toml", "too deep"]),
    "endless number": (toml("x = " + "9" * 5000), TRAIN, ["e.toml", "too long", "shorten"]),
    "huge TOML": (toml("#" * 1_100_000), TRAIN, ["e.toml", "1,100,000 bytes"]),
    "unknown table": (toml("[modle]\n"), TRAIN, ["e.toml", "modle", "'model'", "allowed"]),
    "unknown key": (toml("[loader]\nbatchsize = 3\n"), TRAIN, ["loader.batchsize", "'batch_size'", "allowed"]),
    "wrong type": (
        toml('[loader]\nbatch_size = "many"\n'),
        TRAIN,
        ["e.toml", "loader.batch_size", '"many"', "whole number"],
    ),
    "not among the choices": (toml('[data]\nduplicates = "frst"\n'), TRAIN, ["data.duplicates", "'first'", "keep"]),
    "batch of no rows": (toml("[loader]\nbatch_size = 0\n"), TRAIN, ["loader.batch_size = 0", "1"]),
    "table for a value": (toml("model = 3\n"), TRAIN, ["model = 3", "[model]"]),
    "negative n_factors": (DEMO, (*TRAIN, "--set", "model.n_factors=-5"), ["model.n_factors = -5", "1 to 4096"]),
    "NaN lr": (DEMO, (*TRAIN, "--set", "optimizer.lr=nan"), ["optimizer.lr = nan", "above 0"]),
    "unknown parameter": (DEMO, (*TRAIN, "--set", "model.nfactors=5"), ["model.nfactors", "'n_factors'", "allowed"]),
    "unknown plugin": (DEMO, (*TRAIN, "--set", "model.name=dotproduct"), ["'dotproduct'", "dot-product"]),
    "rule across parameters": (DEMO, (*TRAIN, "--set", "model.y_range=[5,1]"), ["y_range", "low < high"]),
    "no row to train on": (DEMO, (*TRAIN, "splitter.valid=0.6", "splitter.test=0.5"), ["valid", "test", "no row"]),
    "batch beyond the rows": (
        DEMO,
        (*TRAIN, "loader.batch_size=99999", "loader.drop_last=true"),
        ["20,000", "smaller"],
    ),
    "not KEY=VALUE": (DEMO, (*TRAIN, "--set", "n_factors"), ["--set", "n_factors", "KEY=VALUE", "model.n_factors=128"]),
    "no folds": (DEMO, (*TRAIN, "--folds", "all"), ["--folds all", "random", "k-fold"]),
    "bad run name": (DEMO, (*TRAIN, "experiment.name=../x"), ["experiment.name", "../x", "letters"]),
    "missing data": (toml('[data]\nsource = "no.csv"\n'), TRAIN, ["no.csv", "no such file"]),
    "unknown device": (DEMO, (*TRAIN, "training.device=gpu"), ["training.device", "gpu", "cuda"]),
    # runs and plugins
    "unknown run": (nothing, ("runs", "show", "nope"), ["nope", "cfbench runs list"]),
    "nothing to evaluate": (nothing, ("evaluate", "last"), ["last", "cfbench runs list"]),
    "unknown plugin to show": (nothing, ("plugins", "show", "adamm"), ["adamm", "'adam", "cfbench plugins list"]),
    "plugin of two kinds": (nothing, ("plugins", "show", "mse"), ["mse", "loss", "metric", "--kind"]),
    "unknown command": (nothing, ("trian",), ["trian", "'train'", "--help"]),
    "neither command, file nor data set": (nothing, ("ml-9m",), ["command, file or data set 'ml-9m'"]),
    "no file to open": (nothing, ("--slow", "my.csv"), ["my.csv", "no such file"]),
    "no terminal to open it on": (nothing, ("--no-mouse",), ["terminal", "--help"]),
    "unknown option": (nothing, ("train", "--epochs", "3"), ["--epochs", "cfbench train --help"]),
    "options that exclude each other": (DEMO, (*TRAIN, "--here", "--detach"), ["--here", "--detach"]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence(case: str, tmp_path: Path, home: Path, call: Call) -> None:
    prepare, arguments, expected = CASES[case]
    prepare(tmp_path)
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("cfbench: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for part in expected:
        assert part in err
    assert not list((home / "runs").glob("*-*"))


def test_unwritable_home(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFBENCH_HOME", "/proc/nowhere")
    code, out, err = call("train", "data.source=demo")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "/proc/nowhere" in err
    assert "CFBENCH_HOME" in err


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path: Path, call: Call) -> None:
    (tmp_path / "r.csv").write_text(GOOD)
    (tmp_path / "r.csv").chmod(0)
    code, _, err = call(*DESCRIBE)
    assert code == 2
    assert "r.csv" in err


def test_hostile_names_are_marked_when_printed(tmp_path: Path, call: Call) -> None:
    code, _, err = call("data", "describe", "a\x1b[2J\u202eb.csv")
    assert code == 2
    assert "\x1b" not in err
    assert "\u202e" not in err
