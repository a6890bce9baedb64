"""Maps, against numpy's singular values, rotations that are known, and every point looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from cfbench import python
from cfbench.answers import FactorMap
from cfbench.errors import BadInput
from cfbench.explore.mapping import DOTS, NAMED, OTHER, factor_map
from cfbench.explore.principal import components, turned
from cfbench.explore.trained import Trained

Train = Callable[..., Trained]
WIDE = {"name": "biased-dot-product", "n_factors": 4, "init_sd": 0.5}


def coordinates(trained: Trained, side: str = "item") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of the points, their components by a singular value decomposition, and shares of variance."""
    codes = np.flatnonzero(trained.counts[side])
    table = trained.model.state_dict()[f"{side}s.weight"].double().numpy()[codes]
    centred = table - table.mean(0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    points = left * sizes
    for n in range(points.shape[1]):
        points[:, n] *= np.sign(points[np.abs(points[:, n]).argmax(), n])
    return codes, points, sizes**2 / (sizes**2).sum()


def cells(found: FactorMap, points: np.ndarray) -> set[int]:
    """The dots of points inside the window: the nearest of columns x rows places, both ends included."""
    left, right, bottom, top = found.window
    dots = set()
    for x, y in points:
        if left <= x <= right and bottom <= y <= top:
            column = round((x - left) / (right - left) * (found.columns - 1))
            row = round((top - y) / (top - bottom) * (found.rows - 1))
            dots.add(row * found.columns + column)
    return dots


@pytest.mark.parametrize(("n", "k", "count"), [(50, 6, 2), (50, 6, 6), (4, 6, 3), (2, 1, 1)])
def test_components_are_those_of_a_singular_value_decomposition(n: int, k: int, count: int) -> None:
    vectors = np.random.default_rng(n).normal(3, 1, (n, k)) * np.arange(1, k + 1)
    left, sizes, _ = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    found = components(vectors, count)
    assert found.coordinates.shape == (n, count)
    expected = (left * sizes)[:, :count]
    for column in range(count):
        same, mirrored = (np.abs(found.coordinates[:, column] - sign * expected[:, column]).max() for sign in (1, -1))
        assert min(same, mirrored) < 1e-9
        assert found.coordinates[np.abs(found.coordinates[:, column]).argmax(), column] > 0
    np.testing.assert_allclose(found.shares[: len(sizes)], sizes**2 / (sizes**2).sum(), atol=1e-12)
    assert found.shares.sum() == pytest.approx(1)


def test_the_same_vectors_turned_give_the_same_picture() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 5)) * np.arange(1, 6)
    first = components(vectors, 3).coordinates
    for _ in range(10):
        turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
        again = components(vectors @ turn + rng.normal(size=5), 3).coordinates
        np.testing.assert_allclose(again, first, atol=1e-9)


def test_vectors_that_are_all_the_same_have_no_shares() -> None:
    found = components(np.ones((5, 3)), 2)
    assert found.shares.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(found.coordinates, np.zeros((5, 2)))


@pytest.mark.parametrize("m", [2, 3, 5])
def test_turns_mirrors_and_another_order_of_axes_are_undone_exactly(m: int) -> None:
    rng = np.random.default_rng(m)
    before = rng.normal(size=(30, m))
    for _ in range(20):
        turn, _ = np.linalg.qr(rng.normal(size=(m, m)))
        np.testing.assert_allclose(turned(before @ turn, before), before, atol=1e-9)
        signs = rng.choice([-1.0, 1.0], m)
        np.testing.assert_allclose(turned(before * signs, before), before, atol=1e-9)
    for order in list(permutations(range(m)))[:24]:
        np.testing.assert_allclose(turned(before[:, order], before), before, atol=1e-9)


def test_turning_is_the_best_of_all_turns_and_keeps_distances() -> None:
    rng = np.random.default_rng(1)
    before, points = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    found = turned(points, before)
    apart = [np.linalg.norm(some[:, None] - some[None], axis=2) for some in (points, found)]
    np.testing.assert_allclose(*apart, atol=1e-12)
    least = np.linalg.norm(found - before)
    for angle in np.linspace(0, 2 * np.pi, 720):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        for mirror in (np.eye(2), np.diag([1, -1])):
            assert np.linalg.norm(points @ turn @ mirror - before) >= least - 1e-9


@pytest.mark.parametrize("side", ["item", "user"])
@pytest.mark.parametrize("axes", [(1, 2), (3, 1)])
def test_a_map_is_two_components_and_what_share_they_have(train: Train, side: Any, axes: tuple[int, int]) -> None:
    trained = train(model=WIDE)
    codes, points, shares = coordinates(trained, side)
    points = points[:, [axis - 1 for axis in axes]]
    found = factor_map(trained, side, axes)
    labels = trained.classes[side]
    titles = trained.classes["title" if side == "item" else "user"]
    assert (found.total, found.shown, found.drawn) == (len(codes),) * 3
    expected = {labels[code]: point for code, point in zip(codes, points.tolist(), strict=True)}
    for one in found.named:
        assert [one.x, one.y] == pytest.approx(expected[one.label], abs=1e-9)
    for n, axis in enumerate((found.x, found.y)):
        assert axis.component == axes[n]
        assert axis.share == pytest.approx(shares[axes[n] - 1], abs=1e-9)
        order = [titles[codes[at]] for at in np.argsort(points[:, n])]
        assert axis.low == tuple(order[:3])
        assert axis.high == tuple(order[::-1][:3])
    assert found.x.share + found.y.share <= 1
    assert f"{1 - found.x.share - found.y.share:.0%} of the factors' spread" in found.sentence
    assert (found.step, found.of, found.moved, found.median_move) == (trained.step, side, (), None)
    left, right, bottom, top = found.whole
    assert left < points[:, 0].min() <= points[:, 0].max() < right
    assert bottom < points[:, 1].min() <= points[:, 1].max() < top


def test_a_window_has_the_points_inside_and_no_others(train: Train) -> None:
    trained = train(model=WIDE)
    whole = factor_map(trained, columns=200, rows=100)
    labels, points = [one.label for one in whole.named], np.array([(one.x, one.y) for one in whole.named])
    assert len(points) == whole.total
    rng = np.random.default_rng(0)
    some = 0
    for columns, rows in ((120, 60), (7, 3), (1, 1)):
        for _ in range(8):
            (left, right), (bottom, top) = np.sort(rng.choice(points.ravel(), (2, 2), replace=False), 1).tolist()
            found = factor_map(trained, window=(left, right, bottom, top), columns=columns, rows=rows)
            inside = (points[:, 0] >= left) & (points[:, 0] <= right) & (points[:, 1] >= bottom) & (points[:, 1] <= top)
            assert found.window == (left, right, bottom, top)
            assert {one.label for one in found.named} == {labels[n] for n in np.flatnonzero(inside)}
            assert (found.shown, found.drawn, found.total) == (inside.sum(), inside.sum(), len(points))
            assert found.groups == ("",)
            assert set(found.dots[0]) == cells(found, points)
            assert all(0 <= dot < columns * rows for dot in found.dots[0])
            some += inside.sum()
    assert some
    assert set(whole.dots[0]) == cells(whole, points)
    assert whole.window == whole.whole == factor_map(trained, window=(0, 1, 0, 1)).whole


def test_the_most_rated_are_named_first_but_for_the_chosen_one(train: Train) -> None:
    trained = train(model=WIDE)
    counts = {trained.classes["item"][code]: int(n) for code, n in enumerate(trained.counts["item"]) if n}
    found = factor_map(trained)
    assert [one.count for one in found.named] == sorted(counts.values(), reverse=True)
    assert {one.label: one.count for one in found.named} == counts
    rare = min(counts, key=lambda label: counts[label])
    for name in (rare, trained.classes["title"][trained.item_codes[rare]]):
        chosen = factor_map(trained, chosen=name)
        assert chosen.named[0].label == rare
        assert list(chosen.named[1:]) == [one for one in found.named if one.label != rare]
    often = factor_map(trained, least=12)
    assert {one.label for one in often.named} == {label for label, n in counts.items() if n >= 12}
    assert often.total < found.total
    users = factor_map(trained, "user", chosen="v3")
    assert (users.named[0].label, users.named[0].title) == ("v3", "v3")
    with pytest.raises(BadInput, match="knows no item 'The 7th Flm', did you mean"):
        factor_map(trained, chosen="The 7th Flm")


def test_groups_are_a_fields_labels_or_quarters_of_its_numbers(train: Train) -> None:
    trained = train(data={"categorical": ["genre"], "continuous": ["year"]}, model=WIDE)
    codes, points, _ = coordinates(trained)
    labels = [trained.classes["item"][code] for code in codes]
    genres = {label: "Crime" if label == "99" else ("Drama", "Crime")[int(label) % 2] for label in labels}
    years = {label: 1999.0 if label == "99" else 1950.0 + 3 * int(label) for label in labels}
    cuts = np.quantile(list(years.values()), [0, 0.25, 0.5, 0.75, 1])
    quarters = {
        label: f"{cuts[n]:g}–{cuts[n + 1]:g}"
        for label, year in years.items()
        for n in [min(3, sum(year >= cut for cut in cuts[1:-1]))]
    }
    for field, expected in (("genre", genres), ("year", quarters)):
        found = factor_map(trained, field=field)
        sizes = {name: list(expected.values()).count(name) for name in set(expected.values())}
        assert found.groups[-1] == OTHER
        assert set(found.groups[:-1]) == set(sizes)
        first = found.groups[:-1]
        assert first == tuple(sorted(sizes, key=lambda name: name if field == "year" else -sizes[name])), "low to high"
        assert {one.label: one.group for one in found.named} == expected
        part = factor_map(trained, field=field, window=(0.0, found.whole[1], *found.whole[2:]))
        assert part.groups == found.groups, "they are of the whole map, not of the window"
        for name, dots in zip(found.groups, found.dots, strict=True):
            own = points[[expected[label] == name for label in labels], :2]
            assert set(dots) == cells(found, own)
    with pytest.raises(BadInput, match=r"no field 'gnre', did you mean 'genre'\?;"):
        factor_map(trained, field="gnre")
    with pytest.raises(BadInput, match="users' points have no field"):
        factor_map(trained, "user", field="genre")


def test_the_four_labels_that_most_have_are_groups_and_of_several_of_these_the_rarest_counts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    genres = ["Drama|War", "Drama", "War|Noir", "Drama|Noir", "Comedy", "Comedy|Drama", "", "Drama|Opera", "War|Drama"]
    genres.append("Opera")
    studios = ["A", "A", "A", "B", "B", "C", "D", "E", "F", "F"]
    rows = [f"{u},{i},{rng.integers(1, 6)}" for u in range(12) for i in range(10)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    films = [f"{i},Film {i},{genres[i]},{studios[i]}" for i in range(10)]
    (tmp_path / "i.csv").write_text("\n".join(["item,title,genres,studio", *films]) + "\n")
    trained = python.train(
        {
            "data": {
                "source": str(tmp_path / "r.csv"),
                "items": {"source": str(tmp_path / "i.csv")},
                "multilabel": ["genres"],
                "categorical": ["studio"],
            },
            "model": WIDE,
            "training": {"epochs": 1},
        }
    )
    found = factor_map(trained, field="genres")
    sizes = {
        name: sum(name in one.split("|") for one in genres) for name in ("Drama", "War", "Noir", "Comedy", "Opera")
    }
    most = sorted(sizes, key=lambda name: (-sizes[name], name))[:4]
    assert most == ["Drama", "War", "Comedy", "Noir"]
    assert found.groups == (*most, OTHER)
    for one in found.named:
        own = [name for name in most if name in genres[int(one.label)].split("|")]
        assert one.group == (own[-1] if own else OTHER)
    groups = {one.label: one.group for one in found.named}
    assert (groups["7"], groups["9"]) == ("Drama", OTHER), "a label that few have hides none that many have"
    studio = factor_map(trained, field="studio")
    assert studio.groups[:2] == ("A", "B")
    assert len(studio.groups) == 5
    assert sum(one.group == OTHER for one in studio.named) == 2


def test_of_very_many_points_those_with_most_rows_are_drawn(tmp_path: Path) -> None:
    n = DOTS + 150
    rows = [f"u{i % 50},{i},{1 + i % 5}" for i in range(n)]
    rows += [f"u{(i + 1) % 50},{i},3" for i in range(200, n)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    trained = python.train(
        {
            "data": {"source": str(tmp_path / "r.csv")},
            "splitter": {"name": "random", "valid": 0.01},
            "model": {**WIDE, "n_factors": 2},
            "loader": {"batch_size": 512},
            "training": {"epochs": 1},
        }
    )
    codes, points, _ = coordinates(trained)
    found = factor_map(trained, columns=400, rows=300)
    assert (found.total, found.shown, found.drawn, len(found.named)) == (len(codes), len(codes), DOTS, NAMED)
    often = trained.counts["item"][codes] == 2
    assert 0 < often.sum() < DOTS
    assert cells(found, points[often]) <= set(found.dots[0]) < cells(found, points)
    assert all(one.count == 2 for one in found.named)
    left, right = np.sort(points[often, 0])[[0, 200]]
    part = factor_map(trained, window=(float(left), float(right), -1e9, 1e9), columns=400, rows=300)
    assert part.drawn == part.shown < DOTS


def altered(trained: Trained, alter: Callable[[torch.Tensor], torch.Tensor], steps: int = 1) -> Trained:
    """The model some steps later, its items' factors altered."""
    state = trained.model.state_dict()
    trained.model.load_state_dict({**state, "items.weight": alter(state["items.weight"].double()).float()})
    trained.step += steps
    return trained


def points_of(found: FactorMap) -> dict[str, tuple[float, float]]:
    return {one.label: (one.x, one.y) for one in found.named}


def test_a_map_that_follows_is_turned_to_the_one_before(train: Train) -> None:
    trained = train(model=WIDE)
    rng = np.random.default_rng(0)
    first = factor_map(trained, follow=True)
    assert (first.moved, first.median_move) == ((), None)
    for _ in range(4):
        turn = torch.from_numpy(np.linalg.qr(rng.normal(size=(4, 4)))[0])
        later = factor_map(altered(trained, lambda table, turn=turn: table @ turn), follow=True)
        assert (later.step, later.turned) == (trained.step, False), "turned factors have the same components"
        for label, point in points_of(later).items():
            assert point == pytest.approx(points_of(first)[label], abs=1e-5)
        assert later.median_move == pytest.approx(0, abs=1e-5)
    again = factor_map(trained, follow=True)
    assert again == later


def test_axes_that_change_places_do_not_turn_the_map_over(train: Train) -> None:
    trained = train(model={**WIDE, "n_factors": 2})
    rng = np.random.default_rng(0)
    spread = rng.normal(size=(len(trained.classes["item"]), 2))
    altered(trained, lambda table: torch.from_numpy(spread * [1.05, 1.0]))
    first = factor_map(trained, follow=True)
    later_alone = factor_map(altered(trained, lambda table: torch.from_numpy(spread * [1.0, 1.3])))
    later = factor_map(trained, follow=True)
    before, after, alone = (
        [points_of(one)[label] for label in points_of(first)] for one in (first, later, later_alone)
    )
    near, far = (np.linalg.norm(np.subtract(some, before)) for some in (after, alone))
    assert near < far / 2
    assert later.x.share + later.y.share == pytest.approx(1)
    assert (first.turned, later_alone.turned, later.turned) == (False, False, True)
    total = sum(np.square(np.subtract(after, np.mean(after, 0))).sum(0))
    for n, axis in enumerate((later.x, later.y)):
        assert axis.share == pytest.approx(np.square(np.subtract(after, np.mean(after, 0))[:, n]).sum() / total)
        assert axis.share != pytest.approx((later_alone.x, later_alone.y)[n].share, abs=1e-3), "a turned one's own"


def test_what_moved_is_told_furthest_first_with_its_way(train: Train) -> None:
    trained = train(model={**WIDE, "n_factors": 2})
    first = factor_map(trained, follow=True)
    altered(trained, lambda table: table + 0.05 * torch.randn(table.shape, dtype=torch.float64))
    later = factor_map(trained, follow=True)
    width = np.ptp([x for x, _ in points_of(later).values()])
    moves = {label: np.subtract(point, points_of(first)[label]) / width for label, point in points_of(later).items()}
    distances = {label: float(np.linalg.norm(move)) for label, move in moves.items()}
    assert [one.label for one in later.moved] == sorted(distances, key=lambda label: -distances[label])[:5]
    for one in later.moved:
        assert one.distance == pytest.approx(distances[one.label])
        angle = np.radians(one.angle)
        np.testing.assert_allclose(moves[one.label], one.distance * np.array([np.cos(angle), np.sin(angle)]), atol=1e-9)
    assert later.median_move == pytest.approx(np.median(list(distances.values())))


def test_what_is_not_shown_agrees_with_the_axes_of_a_turned_map(train: Train) -> None:
    trained = train(model=WIDE)
    rng = np.random.default_rng(0)
    spread = rng.normal(size=(len(trained.classes["item"]), 4))
    altered(trained, lambda table: torch.from_numpy(spread * [4.0, 2.0, 1.0, 0.5]))
    factor_map(trained, axes=(1, 3), follow=True)
    later = factor_map(
        altered(trained, lambda table: torch.from_numpy(spread * [1.0, 2.0, 4.0, 0.5])), axes=(1, 3), follow=True
    )
    rest = 1 - later.x.share - later.y.share
    assert f"and {rest:.0%} of the factors' spread along other axes" in later.sentence


def test_other_points_are_not_followed(train: Train) -> None:
    trained = train(model=WIDE)
    factor_map(trained, follow=True)
    trained.step += 1
    assert factor_map(trained, least=12, follow=True).median_move is None
    assert factor_map(trained, "user", follow=True).median_move is None


def test_one_factor_makes_no_map(train: Train) -> None:
    with pytest.raises(BadInput, match="the model has 1 factor, and a map needs two; train with more"):
        factor_map(train(model={"name": "biased-dot-product", "n_factors": 1}))


def test_what_is_in_biases_is_said_to_be_there_where_there_are_some(train: Train) -> None:
    biased, bare = train(model={"name": "biased-dot-product"}), train(model={"name": "dot-product"})
    for side, what in (("item", "how good an item is"), ("user", "how high a user rates")):
        assert f"not shown: {what}, which is in its bias, and" in factor_map(biased, side).sentence
        assert "bias" not in factor_map(bare, side).sentence
        assert re.search("not shown: [0-9]+% of the factors' spread along other axes$", factor_map(bare, side).sentence)


def test_what_can_not_be_drawn_is_refused_in_a_sentence(factors: Trained, fields: Trained) -> None:
    for axes in ((1, 1), (0, 1), (1, 4), (9, 2), (-1, 2)):
        with pytest.raises(BadInput, match=f"{axes[0]},{axes[1]} are no two components of 3 factors; name two"):
            factor_map(factors, axes=axes)
    nan = float("nan")
    for window in ((1, 1, 0, 1), (1, 0, 0, 1), (0, 1, 1, 1), (0, 1, 2, 1), (nan, 1, 0, 1), (0, 1, 0, nan)):
        with pytest.raises(BadInput, match=r"the window .* is empty; left < right, bottom < top"):
            factor_map(factors, window=window)
    with pytest.raises(BadInput, match="there are not two items with 100000 ratings"):
        factor_map(factors, least=100_000)
    with pytest.raises(BadInput, match="no field 'genre'"):
        factor_map(factors, field="genre")
    with pytest.raises(BadInput, match="embedding-mlp learns no factors"):
        factor_map(fields)


def test_a_window_without_an_end_is_refused(factors: Trained) -> None:
    inf = float("inf")
    for window in ((-inf, inf, 0, 1), (0, 1, 0, inf)):
        with pytest.raises(BadInput, match="window"):
            factor_map(factors, window=window)


def test_a_map_without_dots_is_refused(factors: Trained) -> None:
    for columns, rows in ((0, 60), (120, 0), (-3, 60)):
        with pytest.raises(BadInput):
            factor_map(factors, columns=columns, rows=rows)


def test_a_map_can_travel(train: Train) -> None:
    trained = train(data={"categorical": ["genre"]}, model=WIDE)
    factor_map(trained, follow=True)
    trained.step += 1
    for found in (factor_map(trained, field="genre", chosen="7"), factor_map(trained, follow=True)):
        assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), FactorMap) == found
