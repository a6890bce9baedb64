"""What a run says from Python: the same numbers as the bench's, rows by label, and no screen imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cfbench
from cfbench.agent.local import LocalBench
from cfbench.errors import BadInput
from cfbench.explore.learned import Learned


@pytest.fixture
def learned(factors: Learned) -> Learned:
    return cfbench.load(factors.run.path)


def test_a_run_is_loaded_and_trained_as_one_that_tells(factors: Learned, learned: Learned) -> None:
    assert type(factors) is type(learned) is type(cfbench.load(factors.run.path, "last")) is Learned


def test_it_says_what_the_bench_says(learned: Learned) -> None:
    bench, run = LocalBench(), str(learned.run.path)
    mine = {"The 7th Film": 5.0, "3": 1.0}
    assert learned.recommend("v3") == bench.recommend(run, "v3")
    where = ["title~film"]
    assert learned.recommend("v3", 4, least=2, where=where, diversity=0.5, seen=True) == bench.recommend(
        run, "v3", 4, 2, where, 0.5, True
    )
    assert learned.recommend(ratings=mine) == bench.recommend(run, ratings=mine)
    assert learned.similar("The 7th Film", 3) == bench.similar(run, "The 7th Film", 3)
    assert learned.similar("v3", 3, least=2, measure="euclid", side="user") == bench.similar(
        run, "v3", 3, 2, "euclid", "user"
    )
    assert learned.explain("v3", "The 7th Film") == bench.explain(run, "v3", "The 7th Film")
    assert learned.explain("", "The 7th Film", mine) == bench.explain(run, "", "The 7th Film", mine)
    assert learned.biases() == bench.biases(run)
    assert learned.biases("user", 3, 2) == bench.biases(run, "user", 3, 2)


def test_labels_that_are_whole_numbers_may_be_given_as_such(learned: Learned) -> None:
    assert learned.similar(7) == learned.similar("7")
    assert learned.explain("v3", 7) == learned.explain("v3", "7")
    with pytest.raises(BadInput, match="knows no user '3'"):
        learned.recommend(3)


def test_less_than_no_recommendations_are_refused(learned: Learned) -> None:
    with pytest.raises(BadInput, match="-1 recommendations are none; ask for 0 or more"):
        learned.recommend("v3", -1)


def test_factors_and_biases_make_the_prediction(learned: Learned) -> None:
    found = learned.factors
    assert found.users.dtype == found.items.dtype == np.float32
    assert found.users.shape == (len(found.user_labels), 3)
    assert found.items.shape == (len(found.item_labels), 3) == (len(found.titles), 3)
    assert found.user_bias is not None
    assert found.item_bias is not None
    assert not {"#na#", ""} & {*found.user_labels, *found.item_labels}
    assert learned.known(found.user_labels, [found.item_labels[0]] * len(found.user_labels)).all()
    scores = found.users @ found.items.T + found.user_bias[:, None] + found.item_bias + found.global_mean
    if found.y_range is not None:
        low, high = found.y_range
        scores = low + (high - low) / (1 + np.exp(-scores))
    for u, user in enumerate(found.user_labels):
        expected = learned.predict([user] * len(found.item_labels), found.item_labels)
        assert np.allclose(scores[u], expected, atol=1e-5)
    titles = {str(n): f"The {n}th Film" if n not in (3, 4) else "Twins" for n in range(20)} | {"99": "The Rare Film"}
    assert found.titles == tuple(titles[label] for label in found.item_labels)
    assert learned.factors is found


def test_somebody_new_is_folded_in(learned: Learned) -> None:
    folded = learned.fold_in({"The 7th Film": 5.0})
    assert folded.factors.shape == (3,)
    code = learned.item_codes["7"]
    assert folded.items.tolist() == [code]


def test_a_model_without_factors_says_so(fields: Learned) -> None:
    for ask in (lambda: fields.factors, lambda: fields.similar("7"), lambda: fields.explain("v3", "7")):
        with pytest.raises(BadInput, match="learns no factors"):
            ask()


def test_loading_a_run_imports_no_screen(learned: Learned) -> None:
    code = (
        "import sys, cfbench\n"
        "assert 'torch' not in sys.modules\n"
        "run = cfbench.load(sys.argv[1])\n"
        "run.recommend('v3', 2), run.similar('7', 2), run.factors\n"
        "print(*sorted({'textual', 'rich', 'click', 'cfbench.tui', 'cfbench.cli'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(learned.run.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


def test_the_docstring_shows_what_there_is() -> None:
    for name in ("recommend", "similar", "factors"):
        assert f"run.{name}" in (cfbench.__doc__ or "")
        assert hasattr(Learned, name)


def test_a_moved_folder_is_loaded_too(learned: Learned, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(learned.run.path)
    assert cfbench.load(tmp_path / "link").factors.item_labels == learned.factors.item_labels
