"""Text of plugins, files and errors is drawn, never obeyed, whatever command prints it."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import cfbench.cli

Command = Callable[..., subprocess.CompletedProcess[bytes]]

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\x85\u202etxt\u2066\r\x7f"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")

PLUGINS = f"""
from dataclasses import dataclass
from typing import Annotated

from cfbench.plugin import Help, Metric, Model, hookimpl
from torch import nn

BAD = {HOSTILE!r}


@dataclass(frozen=True)
class Params:
    failing: Annotated[bool, Help(BAD)] = False


class Constant(nn.Module):
    def __init__(self, info, params):
        super().__init__()
        self.items = nn.Embedding(info.n_items, 1)
        self.failing = params.failing

    def forward(self, x):
        if self.failing:
            raise RuntimeError(BAD)
        return self.items(x[:, 1])[:, 0]


def zero(prediction, target, params):
    return 0.0


@hookimpl
def cfbench_models():
    return [Model("hostile", BAD, BAD, "hostile:Constant", params=Params)]


@hookimpl
def cfbench_metrics():
    return [Metric("zero", BAD, BAD, "hostile:zero")]
"""


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run the installed command in a process of its own; its output in the bytes that a terminal would get."""

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [Path(sys.executable).with_name("cfbench"), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            cwd=tmp_path,
            env=dict(os.environ),
            check=False,
        )

    return run


def test_no_control_character_reaches_the_terminal(home: Path, tmp_path: Path, command: Command) -> None:
    (home / "plugins").mkdir(mode=0o755)
    (home / "plugins/hostile.py").write_text(PLUGINS, encoding="utf-8")
    (home / "plugins/broken.py").write_text(f"raise ValueError({HOSTILE!r})\n", encoding="utf-8")
    table = "r\x1b[2J\u202e\x9b.csv"
    rows = "".join(f"u{n % 7},i{n % 5},{n % 5 + 1}\n" for n in range(60))
    (tmp_path / table).write_text(f"user,item,\x1b]0;stars\x07\n{rows}")
    (tmp_path / "hostile.toml").write_text('model.name = "hostile"\nmetrics = [{ name = "zero" }]\n')
    train = ("train", "hostile.toml", f"data.source={table}", "data.target=\x1b]0;stars\x07", "training.epochs=1")
    calls = {
        ("plugins", "list"): 0,
        ("plugins", "show", "hostile"): 0,
        ("plugins", "show", "zero"): 0,
        ("plugins", "show", HOSTILE): 2,
        ("data", "describe", table): 0,
        ("experiment", "check", "hostile.toml", "--set", f"data.source={table}"): 0,
        train: 0,
        ("evaluate", "last"): 0,
        (*train, "model.failing=true"): 1,
        ("runs", "list"): 0,
        ("runs", "show", "last"): 0,
        ("runs", "watch", "last"): 1,
    }
    drawn = {}
    for arguments, code in calls.items():
        done = command(*arguments)
        printed = (done.stdout + done.stderr).decode()
        assert done.returncode == code, (arguments, printed)
        assert not CONTROL.search(printed), (arguments, printed)
        drawn[arguments] = printed
    for arguments in [("plugins", "list"), ("plugins", "show", "hostile"), ("runs", "list"), ("runs", "show", "last")]:
        assert "␛[2J" in drawn[arguments], arguments
    assert "␛]0;owned" in drawn["runs", "show", "last"]


def test_only_the_printers_print() -> None:
    """Ruff forbids `print`, this test click's functions."""
    folder = Path(cfbench.cli.__file__).parent
    printing = {
        (path.name, function.name)
        for path in folder.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr in ("echo", "secho", "echo_via_pager")
    }
    assert printing == {
        ("__init__.py", "_refuse"),  # labels, without importing what every command does not need
        ("output.py", "print_document"),  # TOML and CSV, for programs
        ("output.py", "print_json"),
        ("output.py", "say"),
        ("output.py", "say_again"),
        ("output.py", "show"),
    }
