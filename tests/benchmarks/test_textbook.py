"""The textbook's run: cfbench learns what a plain torch loop learns."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "textbook.py"


@pytest.fixture(scope="module")
def textbook() -> Iterator[ModuleType]:
    """The script, by its path: `benchmarks` is not part of the wheel that the tests run against."""
    if not SCRIPT.exists():
        pytest.skip(f"{SCRIPT} is not here: benchmarks come with the checkout only")
    spec = importlib.util.spec_from_file_location("cfbench_textbook", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def movielens(shared: Path) -> Path:
    folder = shared / "ml-100k"
    if not (folder / "u.data").exists():
        pytest.skip(f"there is no ml-100k at {folder}; set CFBENCH_TEST_DATA")
    return folder


@pytest.mark.slow
def test_one_seed_learns_what_a_plain_loop_learns(
    textbook: ModuleType, movielens: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the same first values in the same order, to within rounding; from its own, within a training's luck."""
    monkeypatch.setattr(textbook, "EPOCHS", 2)
    compared = textbook.compare(textbook.BIAS, movielens, seeds=[1])

    assert compared.same_start <= textbook.SAME_START
    assert abs(compared.difference) <= 0.01


def test_five_seeds_are_judged_and_one_is_not(textbook: ModuleType) -> None:
    one, other = (textbook.Measured(mse=mse, epoch=1.0, total=5.0) for mse in (0.80, 0.81))

    assert textbook.Comparison(textbook.BIAS, [one], [other], 0.0).ok
    assert not textbook.Comparison(textbook.BIAS, [one] * 5, [other] * 5, 0.0).ok
    assert not textbook.Comparison(textbook.BIAS, [one], [one], 0.01).ok


def test_without_the_data_it_says_where_it_looked(
    textbook: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert textbook.main(["--data", str(tmp_path)]) == 2
    assert str(tmp_path / "ml-100k") in capsys.readouterr().err
