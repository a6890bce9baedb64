"""What the Train screen says of a run in each state, its charts, its epochs and its log."""

from typing import Any

import msgspec
import pytest

from cfbench.answers import RunSummary
from cfbench.curves import RunHistory
from cfbench.tui.drawing.lines import Line
from cfbench.tui.followed import FollowedRun
from cfbench.tui.screens.train import charts, progress
from cfbench.tui.screens.train.epochs import epoch_table, log_lines

RUN, OTHER = "20261125T010000.000000Z-brave-ibis", "20261124T010000.000000Z-calm-otter"

SUMMARY = RunSummary(
    id=RUN, state="running", reason="", exit_code=0, created=0.0, group="", seed=42, fold=None, data=("demo",),
    model="cfbench_models:dot", epochs=10, epochs_done=2, step=250, steps=1000, epoch=2, valid_loss=0.8231,
    metrics={"rmse": 0.9, "mae": None}, best_valid_loss=0.8212, split_hash="s", damaged_lines=(), path="/runs/x",
    note="", pinned=False, seconds=98.0,
)  # fmt: skip


def in_state(state: str, **more: Any) -> RunSummary:
    return msgspec.structs.replace(SUMMARY, state=state, **more)


def followed(*events: dict[str, Any]) -> FollowedRun:
    """A run with 100 steps an epoch, on a clock that the events tell."""
    past = FollowedRun()
    first = {"event": "created", "epochs": 10, "steps": 1000}
    for seq, event in enumerate([first, *events], 1):
        past.add({"seq": seq, "boot": "b", "mono": 0.0, **event})
    return past


def step(number: int, mono: float, loss: float | None = 0.5) -> dict[str, Any]:
    return {"event": "step", "step": number, "loss": loss, "lr": 0.0023456, "mono": mono}


def epoch(number: int, mono: float, valid: float | None = 0.82, *, best: bool = True, **metrics: Any) -> dict[str, Any]:
    losses = {"train_loss": 0.671, "valid_loss": valid, "metrics": metrics}
    return {"event": "epoch", "epoch": number, "step": 100 * number, "best": best, "mono": mono,
            "rows_per_second": 6240, **losses}  # fmt: skip


def said(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line).strip() for line in lines]


# -- how fast it goes --


def test_time_left_follows_the_recent_steps_and_counts_the_measuring_between_epochs() -> None:
    past = followed({"event": "started", "mono": 1.0}, *[step(10 * n, 1.0 + 2 * n) for n in range(1, 11)])
    assert past.seconds_left(1000) == pytest.approx(900 * 0.2)
    past.add({"seq": 50, "boot": "b", **epoch(1, 31.0)})  # ten seconds after the last step
    assert past.seconds_left(1000) == pytest.approx(900 * 0.2 + 9 * 10)


def test_a_pause_is_no_slow_step() -> None:
    quick = [step(n, 0.1 * n) for n in range(1, 40)]
    past = followed(*quick, {"event": "paused", "step": 39, "mono": 4.0}, {"event": "continued", "mono": 900.0})
    past.add({"seq": 99, "boot": "b", **step(40, 900.1)})
    assert past.seconds_left(100) == pytest.approx(60 * 0.1)


def test_a_past_that_came_whole_tells_time_left_and_place_without_any_new_event() -> None:
    known = RunHistory()
    events = [{"event": "created", "epochs": 10, "steps": 1000}, epoch(1, 10.0), step(150, 15.0), epoch(2, 20.0)]
    for seq, event in enumerate(events, 1):
        known.add({"seq": seq, "boot": "b", "mono": 0.0, **event})
    past = FollowedRun.of(known.answer(RUN, "key", 0))
    assert (past.step, past.seconds_left(1000)) == (200, pytest.approx(80.0))


def test_what_a_resumption_went_back_behind_no_longer_counts() -> None:
    past = followed(*[step(10 * n, n) for n in range(1, 26)], {"event": "resumed", "from_step": 200, "mono": 60.0})
    assert past.step == 200
    assert progress.epochs_done(SUMMARY, past) == 2.0


# -- the answer --


def test_a_running_run_says_where_it_is_and_when_it_ends() -> None:
    past = followed({"event": "started", "device": "cpu", "engine": "autograd", "parameters": 133_977, "mono": 0.0},
                    *[step(10 * n, n) for n in range(1, 21)], epoch(1, 20.0, 0.8212),
                    epoch(2, 20.0, 0.8231, best=False),
                    {"event": "checkpoint", "step": 200, "bytes": 1_600_000}, step(250, 25.0))  # fmt: skip
    first, second = said(progress.answer(SUMMARY, past, 140))
    assert first.startswith("● brave-ibis  epoch 2.5 of 10 ━━━━━━━━━━──")
    assert first.endswith("1:15 left  ·  valid 0.823  ·  best 0.821 at 1")
    assert second == ("running  ·  6,240 ratings/s  ·  lr 0.00235  ·  engine autograd on cpu  ·  133,977 parameters  ·"
                      "  checkpoint at epoch 2, 1.60 MB")  # fmt: skip
    assert said(progress.answer(SUMMARY, past, 60))[0] == "● brave-ibis  epoch 2.5 of 10  1:15 left  ·  valid 0.823"


@pytest.mark.parametrize(
    ("run", "first", "second"),
    [
        (in_state("paused"), "‖ brave-ibis  paused at epoch 2.5 of 10", "paused"),
        (in_state("finished", step=1000, epochs_done=10), "✓ brave-ibis  finished 10 of 10 epochs in 1:38", ""),
        (in_state("stopped", reason="stopped by u@h"), "■ brave-ibis  stopped at epoch 2.5 of 10 in 1:38",
         "stopped by u@h  ·  x resumes it"),
        (in_state("queued"), "○ brave-ibis  waiting in line", "queued"),
        (in_state("lost", reason="its worker died"), "? brave-ibis  lost: its worker died", "x resumes it"),
        (in_state("failed", reason="no room; free some"), "✗ brave-ibis  failed: no room; free some",
         "x resumes it  L shows its log"),
        (None, "no run yet: 3 sets one up, t there trains it", None),
    ],
)  # fmt: skip
def test_each_state_has_its_answer(run: RunSummary | None, first: str, second: str | None) -> None:
    lines = said(progress.answer(run, None, 140))
    assert lines[0].startswith(first)
    assert second is None or lines[1].startswith(second)


def test_a_long_reason_is_told_to_its_end() -> None:
    reason = "the loss became inf " * 8 + "; try optimizer.lr = 5"
    lines = said(progress.answer(in_state("failed", reason=reason), None, 136))
    assert lines[1].endswith("try optimizer.lr = 5")
    assert said(progress.why(in_state("failed", reason=reason), 60))[-2].endswith("optimizer.lr = 5")


# -- charts and tables --


def test_the_axis_is_the_whole_training_and_the_best_epoch_is_marked() -> None:
    past = followed(step(50, 1.0), epoch(1, 2.0, 0.9), epoch(2, 3.0, 0.8), epoch(3, 4.0, 0.85, best=False))
    best = progress.best_of(SUMMARY, past)
    chart = charts.loss_chart(SUMMARY, past, best, log=False, smoothing=0.6)
    assert chart.x_range == (0.0, 10.0)
    assert [(mark.x, mark.y, mark.sign) for mark in chart.marks] == [(2, 0.8, "◆")]
    assert said([chart.legend or []]) == ["train ──  valid ╌╌  smoothed 0.6  ◆ best"]


def test_a_best_epoch_of_long_ago_is_told_without_its_number() -> None:
    past = followed(epoch(3, 4.0, 0.85, best=False))
    assert progress.best_of(SUMMARY, past) == progress.Best(0, 0.8212)


def test_other_runs_are_drawn_with_the_metric() -> None:
    mine, theirs = followed(epoch(1, 1.0, rmse=0.91)), followed(epoch(1, 1.0, rmse=0.89))
    other = in_state("finished", id=OTHER, pinned=True)
    others = charts.others_of({RUN: SUMMARY, OTHER: other}, {RUN: mine, OTHER: theirs}, RUN, [])
    chart = charts.metric_chart(SUMMARY, mine, "rmse", others, log=False)
    assert [(one.name, one.dashed) for one in chart.series] == [("calm-otter", True), ("brave-ibis", False)]
    assert charts.metric_names(mine) == ["rmse", "valid loss"]


def test_the_newest_epoch_is_first_and_numbers_are_those_of_the_events() -> None:
    past = followed({"event": "started", "mono": 1.0}, epoch(1, 11.0, 0.8214, rmse=0.9063, mae=None),
                    epoch(2, 20.5, None, best=False, rmse=0.0351, mae=0.7))  # fmt: skip
    table = epoch_table(past, progress.best_of(SUMMARY, past))
    assert [column.title for column in table.columns] == ["", "epoch", "train", "valid", "rmse", "mae", "time"]
    assert [text for text, _ in table.row(0)] == ["", "2", "0.671", "–", "0.0351", "0.700", "9.5 s"]
    assert [text for text, _ in table.row(1)] == ["◆", "1", "0.671", "0.821", "0.906", "NaN", "10.0 s"]


def test_an_epoch_with_a_break_has_no_time() -> None:
    past = followed(epoch(1, 10.0), {"event": "paused", "step": 150, "mono": 15.0},
                    {"event": "continued", "mono": 90.0}, epoch(2, 95.0))  # fmt: skip
    assert past.epoch_seconds() == [None, None]


def test_the_log_tells_what_happened_newest_first_and_of_checkpoints_the_last() -> None:
    past = followed({"event": "started", "device": "cpu"}, *[{"event": "checkpoint", "step": 100 * n} for n in (1, 2)],
                    {"event": "resumed", "from_step": 200, "notices": ["checkpoint 300 is damaged"]},
                    {"event": "failed", "reason": "\x1b[2J no\nroom", "exit_code": 1})  # fmt: skip
    lines = said(log_lines(past, 80, 9))
    assert [line[10:] for line in lines] == [
        "✗ failed: ␛[2J no⏎room",
        "! resumed from epoch 2; checkpoint 300 is damaged",
        "checkpoint at epoch 2",
        "training started on cpu",
        "created",
    ]
