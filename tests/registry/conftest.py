"""Plugins as real files, real wheels and real child processes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from cfbench.registry import catalogue as catalogue_module

HEAD = """
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal

from cfbench.plugin import Choices, Help, Loss, Metric, Model, Range, Unit, hookimpl
"""

WriteFile = Callable[..., Path]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def fresh_memo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_module, "_memo", {})


@pytest.fixture
def plugin_file(home: Path) -> WriteFile:
    """Write a single-file plugin; with `head`, after the usual imports."""

    def write(name: str, text: str, head: bool = True, mode: int = 0o644) -> Path:
        folder = home / "plugins"
        folder.mkdir(mode=0o755, exist_ok=True)
        path = folder / name
        path.write_text((HEAD if head else "") + dedent(text), encoding="utf-8")
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def python() -> Run:
    """Run Python code in a process of its own, with further environment variables as keywords."""

    def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", dedent(code)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, **environment},
        )

    return run


MY_DOT = '''
"""Dot product with biases (Koren, Bell, Volinsky 2009)."""
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from cfbench.plugin import Help, Model, Range, hookimpl


@dataclass(frozen=True)
class Params:
    n_factors: Annotated[int, Range(1, 4096), Help("length of each vector")] = 50
    init_sd: Annotated[float, Range(min=0), Help("spread of the first values")] = 0.01


class DotBias(nn.Module):
    def __init__(self, info, params: Params):
        super().__init__()
        self.mean = info.target_mean
        self.users = nn.Embedding(info.n_users, params.n_factors)
        self.items = nn.Embedding(info.n_items, params.n_factors)
        self.user_bias = nn.Embedding(info.n_users, 1)
        self.item_bias = nn.Embedding(info.n_items, 1)
        for table in self.children():
            nn.init.normal_(table.weight, std=params.init_sd, generator=info.generator("init"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (B, 2) int64 codes -> (B,) float32
        u, i = x.unbind(1)
        dot = (self.users(u) * self.items(i)).sum(1)
        return dot + self.user_bias(u)[:, 0] + self.item_bias(i)[:, 0] + self.mean


@hookimpl
def cfbench_models() -> list[Model]:
    return [Model("my-dot", "Dot product + biases", "matrix factorization", "my_dot:DotBias", Params)]
'''

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "Acme-Recommenders"
version = "2.3.4"
dependencies = ["cfbench"]
[project.entry-points.cfbench]
models = "acme_recommenders"
[tool.hatch.build.targets.wheel]
packages = ["acme_recommenders"]
"""

ACME = '''
@dataclass(frozen=True)
class Params:
    """."""
    damping: Annotated[float, Range(min=0)] = 5.0

@hookimpl
def cfbench_models():
    return [
        Model("acme-bias", "Acme", "biases", "acme_recommenders.bias:Bias", Params, renamed_from=("old-bias",)),
        Model("dot-product", "Acme dot", "same name as a built-in", "acme_recommenders.bias:Bias"),
    ]
'''


BIAS = """
import torch
from torch import nn

class Bias(nn.Module):
    def __init__(self, info, params):
        super().__init__()
        self.params = params
        self.items = nn.Embedding(info.n_items, 1)
        nn.init.zeros_(self.items.weight)
        self.mean = info.target_mean

    def forward(self, x):
        return self.items(x[:, 1])[:, 0] + self.mean
"""


@pytest.fixture(scope="session")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A third party's package, built as a wheel by hatchling and installed by pip into a folder of its own."""
    project = tmp_path_factory.mktemp("acme")
    package = project / "acme_recommenders"
    package.mkdir()
    (project / "pyproject.toml").write_text(PROJECT)
    (package / "__init__.py").write_text(HEAD + ACME)
    (package / "bias.py").write_text(BIAS)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", project, project], check=True)
    (wheel,) = project.glob("*.whl")
    target = tmp_path_factory.mktemp("site")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", target, wheel], check=True)
    return target


@pytest.fixture
def acme(wheel_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(wheel_folder))
    monkeypatch.setenv("PYTHONPATH", str(wheel_folder))
    return wheel_folder
