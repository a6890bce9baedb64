"""The command line that shows what a panel shows."""

from __future__ import annotations

from cfbench.tui.screens.explore.subject import COUNT, Subject


def command(panel: str, about: Subject, run: str) -> list[str]:
    """Return the words of a command; what somebody rated here stands as a file that it takes."""
    many = ["-n", str(COUNT), "--least", str(about.least)]
    whom = ["--ratings", "MINE.csv"] if about.me else ["--user", about.user]
    if panel in ("recommended", "mine"):
        more = [word for condition in about.where for word in ("--where", condition)]
        more += ["--diversity", f"{about.diversity:g}"] if about.diversity else []
        return ["recommend", run, *whom, *many, *more, *(["--seen"] if about.seen else [])]
    if panel == "why" and about.pair is not None:
        user, item = about.pair
        return ["explain", run, *(["--user", user] if user else ["--ratings", "MINE.csv"]), "--item", item]
    if panel == "nearest":
        by = [] if about.measure == "cosine" else ["--by", about.measure]
        return ["similar", run, "--item", about.item.label if about.item else "", *by, *many]
    if panel in ("map", "around"):
        more = ["--of", about.of, "--axes", f"{about.axes[0]},{about.axes[1]}", "--least", str(about.least)]
        more += ["--field", about.field] if about.field else []
        more += ["--window", ",".join(f"{end:.6g}" for end in about.window)] if about.window else []
        more += ["--chosen", about.item.label] if about.item and about.of == "item" else []
        return ["map", run, *more]
    if panel == "tab":
        return ["crosstab", run, *(["--user", about.user] if about.user and not about.me else [])]
    if panel == "step":
        more = ["--rows", str(about.rows), "--batch", str(about.batch)]
        more += ["--trained"] if about.start == "trained" else []
        return ["step", run, *more, *(["--lr", f"{about.lr:g}"] if about.lr else [])]
    if panel in ("spectrum", "told"):
        return ["factors", run]
    if panel in ("wrong", "calibration", "worst"):
        return ["errors", run]
    return ["biases", run, "--of", about.of, *many]
