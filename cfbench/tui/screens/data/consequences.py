"""What each choice of a policy would do to these data, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from cfbench.answers import DataProfile
from cfbench.tui.drawing import figures
from cfbench.tui.settings import Setting


def of_choices(setting: Setting, profile: DataProfile) -> Mapping[str, str]:
    """Return for each choice of a setting, as it is shown, what it would do; nothing where that is not known."""
    told = {
        "data.duplicates": _duplicates,
        "data.missing": _missing,
        "data.zero": _zero,
        "data.items.by": _by,
        "data.values": _values,
    }
    return told[setting.path](profile) if setting.path in told else {}


def _duplicates(profile: DataProfile) -> Mapping[str, str]:
    rows, conflicts = figures.count(profile.duplicates), figures.count(profile.conflicts)
    if not profile.duplicates:
        return {"keep": "no pair repeats", "error": "no pair repeats", "count": "every row becomes 1"}
    fewer = f"{rows} rows fewer"
    return {
        "keep": f"{rows} rows repeat a pair, {conflicts} pairs with another target",
        "error": f"refuses the data: {rows} rows repeat a pair",
        "first": f"{fewer}: the first of each pair stays",
        "last": f"{fewer}: the last of each pair by row stays",
        "latest": f"{fewer}: the last of each pair by time stays" if profile.time_first else "needs a time",
        "mean": f"{fewer}: the mean of each pair",
        "max": f"{fewer}: the largest of each pair",
        "sum": f"{fewer}: the sum of each pair",
        "count": f"{fewer}: how often each pair stands there",
    }


def _missing(profile: DataProfile) -> Mapping[str, str]:
    if not profile.missing:
        return {"error": "nothing is missing", "drop": "nothing is missing"}
    lacking = ", ".join(f"{figures.count(rows)} without a {role}" for role, rows in profile.missing.items())
    return {"error": f"refuses the data: {lacking}", "drop": f"drops {lacking}"}


def _zero(profile: DataProfile) -> Mapping[str, str]:
    rows = figures.count(profile.zeros)
    return {"rating": f"{rows} rows have a target of 0", "missing": f"drops {rows} rows"}


def _by(profile: DataProfile) -> Mapping[str, str]:
    some = ", ".join(title for title, _ in profile.merged[:2])
    titles = figures.count(profile.shared_titles)
    return {
        "id": f"{titles} titles are borne by several ids",
        "title": f"{titles} titles become one item each: {some}" if some else "no title is borne by several ids",
    }


def _values(profile: DataProfile) -> Mapping[str, str]:
    if not profile.targets:
        return {}
    low, high = figures.plain(profile.targets[0].low), figures.plain(profile.targets[-1].high)
    return {
        "rating": f"targets as they are, {low} to {high}",
        "one": "every row counts as 1: implicit feedback",
        "log": "log(1 + target), for counts",
    }
