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
def test_one_seed_with_biases_learns_what_a_plain_loop_learns(textbook: ModuleType, movielens: Path) -> None:
    """Each from its own start, within chance; from one start in one order, to within rounding."""
    compared = textbook.compare(textbook.BIAS, movielens, seeds=[1])

    assert abs(compared.difference) <= compared.limit
    assert compared.same_start <= textbook.SAME_START
    assert compared.ok


def test_more_seeds_tell_smaller_differences_down_to_the_wanted_one(textbook: ModuleType) -> None:
    one = textbook.Measured(mse=0.8, epoch=1.0, total=5.0)

    limits = [textbook.Comparison(textbook.BIAS, [one] * n, [one] * n, 0.0).limit for n in (1, 2, 5)]

    assert limits[0] > limits[1] > limits[2] == textbook.DIFFERENCE


def test_without_the_data_it_says_where_it_looked(
    textbook: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert textbook.main(["--data", str(tmp_path)]) == 2
    assert str(tmp_path / "ml-100k") in capsys.readouterr().err
