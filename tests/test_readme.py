"""What README.md shows works as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cfbench.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_python_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["experiment", "new", "-o", "my.toml"]) == 0
    (code,) = [block for block in blocks("python") if "cfbench.train" in block]
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_option_that_the_shell_blocks_show_exists(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.partition("#")[0].split() for block in blocks("sh") for line in block.splitlines()]
    commands = [line for line in lines if line[:1] == ["cfbench"]]
    assert len(commands) >= 10
    for _, *words in commands:
        words = words if words and words[0] in COMMANDS else ["open", *words]
        path = words[: 2 if words[0] in ("data", "experiment", "runs", "plugins") else 1]
        assert main([*path, "--help"]) == 0
        shown = capsys.readouterr().out
        for option in (word for word in words if word.startswith("-")):
            assert option in shown, (path, option)


def test_changelog_names_every_built_in_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert main(["plugins", "list"]) == 0
    names = [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert [name for name in names if f"`{name}`" not in changelog and name != "demo"] == []


def test_ci_runs_the_readmes_test_command() -> None:
    (command,) = re.findall(r"^(python3 -m venv .*pytest.*)$", README, re.MULTILINE)
    assert command in {line for block in blocks("sh") for line in block.splitlines()}
