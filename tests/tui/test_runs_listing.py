"""What the Runs screen lists, in which order, and what it says of runs side by side."""

import time
from typing import Any

import msgspec
import pytest

from cfbench.answers import RunSummary
from cfbench.curves import RunHistory
from cfbench.tui.screens.runs import comparing
from cfbench.tui.screens.runs.answering import answer
from cfbench.tui.screens.runs.card import card
from cfbench.tui.screens.runs.listing import Heading, Wanted, Words, best_runs, heading, listed
from cfbench.tui.screens.runs.settings import NOTHING, Settings, titles, write
from cfbench.tui.screens.runs.table import Listed
from cfbench.tui.workspace import Workspace

LYNX, OTTER, IBIS = (
    f"2026112{n}T010000.000000Z-{name}" for n, name in enumerate(("old-lynx", "calm-otter", "brave-ibis"))
)
NAMES = {IBIS: "brave-ibis", OTTER: "calm-otter", LYNX: "old-lynx"}


def a_run(run: str, state: str = "finished", valid: float | None = 0.8, **more: Any) -> RunSummary:
    created = 1000.0 + sorted(NAMES).index(run) if run in NAMES else 0.0
    about: dict[str, Any] = {
        "id": run, "state": state, "reason": "", "exit_code": 0, "created": created, "group": "", "seed": 42,
        "fold": None, "data": ("demo",), "model": "cfbench_models:dot", "epochs": 5, "epochs_done": 5,
        "step": 500, "steps": 500, "epoch": 5, "valid_loss": valid, "metrics": {"rmse": valid} if valid else {},
        "best_valid_loss": valid, "split_hash": "same", "damaged_lines": (), "path": f"/runs/{run}", "note": "",
        "pinned": False, "seconds": 60.0,
    }  # fmt: skip
    return RunSummary(**{**about, **more})


RUNS = {
    LYNX: a_run(LYNX, "failed", None, reason="no room", seconds=9.0, note="too fast"),
    OTTER: a_run(OTTER, valid=0.806, seconds=98.0),
    IBIS: a_run(IBIS, "running", 0.822, seconds=63.0, seed=7),
}
SETTINGS = Settings({
    LYNX: {"optimizer.lr": 0.1, "model.name": "cfbench_models:mlp", "model.n_factors": 64},
    OTTER: {"optimizer.lr": 0.005, "model.name": "cfbench_models:dot", "model.n_factors": 50},
    IBIS: {"optimizer.lr": 0.005, "model.name": "cfbench_models:dot"},
})  # fmt: skip


def names(wanted: Wanted, runs: dict[str, RunSummary] = RUNS) -> list[str]:
    entries = listed(runs, SETTINGS, wanted, Words())
    return [entry.title if isinstance(entry, Heading) else NAMES[entry] for entry in entries]


# -- the list --


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("age", ["brave-ibis", "calm-otter", "old-lynx"]),
        ("name", ["brave-ibis", "calm-otter", "old-lynx"]),
        ("valid", ["calm-otter", "brave-ibis", "old-lynx"]),
        ("took", ["calm-otter", "brave-ibis", "old-lynx"]),
        ("rmse", ["calm-otter", "brave-ibis", "old-lynx"]),
        ("model.n_factors", ["calm-otter", "old-lynx", "brave-ibis"]),
    ],
)
def test_runs_are_ordered_and_those_without_a_value_come_last(order: str, expected: list[str]) -> None:
    assert names(Wanted(order=order)) == expected
    backwards = names(Wanted(order=order, backwards=True))
    without = [name for name in expected if order in ("valid", "rmse") and name == "old-lynx"]
    without += ["brave-ibis"] if order == "model.n_factors" else []
    assert backwards == [*reversed([name for name in expected if name not in without]), *without]


def test_pinned_runs_stand_first_in_any_order() -> None:
    runs = {**RUNS, LYNX: msgspec.structs.replace(RUNS[LYNX], pinned=True)}
    assert names(Wanted(order="valid"), runs)[0] == "old-lynx"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("otter", ["calm-otter"]),
        ("state:failed", ["old-lynx"]),
        ("FAILED too fast", ["old-lynx"]),
        ("lr:0.005", ["brave-ibis", "calm-otter"]),
        ("lr:0.005 seed:7", ["brave-ibis"]),
        ("model:mlp", ["old-lynx"]),
        ("nothing of that", []),
    ],
)
def test_a_filter_looks_at_names_states_notes_and_settings(text: str, expected: list[str]) -> None:
    assert names(Wanted(text)) == expected


def test_headings_stand_over_runs_with_a_value_in_common() -> None:
    assert names(Wanted(group="optimizer.lr")) == ["lr 0.005", "brave-ibis", "calm-otter", "lr 0.1", "old-lynx"]
    assert names(Wanted(group="seed"))[0] == "seed 7"
    assert heading(Heading("lr 0.005", (IBIS, OTTER)), RUNS) == "lr 0.005  2 runs  best 0.806  mean 0.814"


def test_the_best_is_told_among_runs_that_can_be_compared() -> None:
    other = msgspec.structs.replace(RUNS[IBIS], split_hash="other")
    assert set(best_runs({**RUNS, IBIS: other}, SETTINGS).values()) == {IBIS, OTTER}
    assert set(best_runs(RUNS, SETTINGS).values()) == {OTTER}


def test_settings_in_which_most_runs_differ_come_first() -> None:
    settings = Settings({str(n): {"a.lr": n, "a.once": int(n == 0), "b.same": 1} for n in range(5)})
    assert settings.telling([str(n) for n in range(5)]) == ["a.lr", "a.once"]
    assert settings.telling(["3", "4"]) == ["a.lr"]


def test_settings_have_short_titles_and_values() -> None:
    assert titles(["model.name", "optimizer.lr", "schedule.lr", "x"]) == {
        "model.name": "model", "optimizer.lr": "optimizer.lr", "schedule.lr": "schedule.lr", "x": "x",
    }  # fmt: skip
    values = [True, None, 0.005, [0, 5.5], "cfbench_models:dot", "/data/u.data", [{"name": "pkg:rmse"}], -1]
    assert [write(value) for value in values] == ["yes", "–", "0.005", "0, 5.5", "dot", "u.data", "rmse", "−1"]


def test_a_thousand_runs_are_listed_and_filtered_in_no_time() -> None:
    runs = {f"2026T{n:05}Z-run-{n}": a_run(f"2026T{n:05}Z-run-{n}", valid=1 / (n + 1)) for n in range(1000)}
    settings = Settings({run: {f"model.p{k}": n % (k + 2) for k in range(8)} for n, run in enumerate(runs)})
    words = Words()
    times = []
    for text in ("", "r", "run", "run-9", "p3:2"):
        began = time.process_time()
        Listed.of(listed(runs, settings, Wanted(text, order="valid"), words), settings, runs)
        times.append(time.process_time() - began)
    assert sorted(times)[2] < 0.1


# -- what is said --


def said(lines: Any) -> list[str]:
    return ["".join(text for text, _ in line).strip() for line in lines]


def test_the_answer_names_the_best_and_what_went_wrong() -> None:
    first, second = said(answer(Workspace(runs=RUNS), SETTINGS, 130))
    assert first == "best calm-otter 0.806  ·  3 runs  ·  ● 1 running  ✗ 1 failed"
    assert second == "all on the same valid rows  ·  old-lynx: no room"
    assert said(answer(Workspace(), NOTHING, 80)) == ["no run yet: 3 sets one up, t there trains it"]


def test_marked_runs_on_other_rows_are_not_compared_silently() -> None:
    other = msgspec.structs.replace(RUNS[IBIS], split_hash="other")
    shared = Workspace(runs={**RUNS, IBIS: other}, marks=[IBIS, OTTER])
    assert said(answer(shared, SETTINGS, 130))[1].startswith("! the marked runs have other valid rows: not comparable")
    rows = comparing.rows([("a", other), ("b", RUNS[OTTER])], SETTINGS, {})
    assert rows[1][0] == ("! not comparable: other rows", "warn")


def test_the_comparison_lists_results_and_only_what_differs() -> None:
    runs = [("a", RUNS[IBIS]), ("b", RUNS[OTTER])]
    rows = comparing.rows(runs, SETTINGS, comparing.differing(SETTINGS, [run for _, run in runs]))
    told = {row[0][0]: [text for text, _ in row[1:]] for row in rows}
    assert [text for text, _ in rows[0]] == ["", "a brave-ibis", "b calm-otter"]
    assert told["valid"] == ["0.822", "0.806"]
    assert told["n_factors"] == ["–", "50"]
    assert "lr" not in told


def test_the_overlay_spans_the_longest_run() -> None:
    past = RunHistory()
    losses = {"train_loss": 1.0, "valid_loss": 0.9, "metrics": {}, "best": True}
    past.add({"event": "epoch", "epoch": 1, "step": 100, **losses})
    chart = comparing.overlay([("a", RUNS[IBIS], past), ("b", RUNS[OTTER], None)])
    assert [(one.end, one.dashed) for one in chart.series] == [("a 0.900", False)]
    assert chart.x_range == (0.0, 5.0)


def test_the_card_tells_why_and_where() -> None:
    text = "\n".join(said(card(RUNS[LYNX], 20)))
    for part in ("✗ old-lynx  failed", "no room", "too fast", f"/runs/{LYNX}", f"cfbench runs show {LYNX}", "seed 42"):
        assert part in text
