"""The experiment's plugins and all that can be set: what the forms list, what is refused, what can be chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from cfbench.errors import BadInput
from cfbench.registry.catalogue import Catalogue
from cfbench.registry.declarations import Declaration
from cfbench.text import label
from cfbench.tui.dialogs.choosing import Choice
from cfbench.tui.draft import Draft
from cfbench.tui.drafting import choosing
from cfbench.tui.parts.form import Heading
from cfbench.tui.settings import Setting, find, settings_of, settings_of_table

KEYS = {"optimizer": "w", "schedule": "s", "loss": "l", "sampler": "n", "metrics": "M"}
"""Part of an experiment -> the key that chooses another one."""

_USED_DAILY = ("loader.batch_size", "training.epochs", "training.early_stopping", "experiment.seed")


@dataclass(frozen=True)
class Refusal:
    """Something of the experiment that is refused: the path of a setting, or "" for the TOML as a whole, and why."""

    path: str
    reason: str

    @property
    def sentence(self) -> str:
        """Both in a few words; a plugin that is not there is named by the reason alone."""
        label = self.path.partition(".")[2]
        return self.reason if label in ("", "name") else f"{label} {self.reason}"


class Known:
    """A draft seen with the plugins that are installed.

    Args:
        draft: the experiment.
        catalogue: all plugins.
        wanted: only settings with this text are listed.
    """

    def __init__(self, draft: Draft, catalogue: Catalogue, wanted: str = "") -> None:
        self._draft, self._catalogue, self._wanted = draft, catalogue, wanted

    def plugin(self, table: str) -> Declaration | None:
        """Return the plugin of a table, or None where there is none of that name."""
        return choosing.found(self._catalogue, table, self._draft.plugin(table))

    def title(self, table: str) -> str:
        """Return what people call the plugin of a table."""
        plugin = self.plugin(table)
        return label(plugin.title if plugin else self._draft.plugin(table))

    def metrics(self) -> list[tuple[str, Declaration | None]]:
        """Return the name of each metric, and its declaration where there is one."""
        listed = self._draft.get("metrics", [])
        names = [str(metric.get("name", "")) for metric in listed if isinstance(metric, dict)]
        return [(name, choosing.found(self._catalogue, "metric", name)) for name in names]

    # -- settings --

    def of(self, table: str) -> list[Setting]:
        """Return the settings of a table's plugin."""
        plugin = self.plugin(table)
        return settings_of(plugin, table) if plugin else []

    def model_form(self) -> list[Setting | Heading]:
        """Return what the form of the model lists."""
        return list(self._narrowed(self.of("model")))

    def learning_form(self) -> list[Setting | Heading]:
        """Return what the form of all that makes a model learn lists; the optimizer's settings come first."""
        groups = [
            (Heading(f"schedule  {self.title('schedule')}", f"{KEYS['schedule']} change"), self.of("schedule")),
            (Heading("training"), self._training()),
            (Heading(f"loss  {self.title('loss')}", f"{KEYS['loss']} change"), self.of("loss")),
            *self._sampling(),
            (Heading(f"metrics  {self._metrics_in_words()}", f"{KEYS['metrics']} change"), self._of_metrics()),
        ]
        listed: list[Setting | Heading] = []
        model = self.plugin("model")
        if model and model.facts.get("batches") == "none" and not self._wanted:
            listed.append(Heading(f"{label(model.title)} trains itself: not used"))
        listed += self._narrowed(self.of("optimizer"))
        for heading, settings in groups:
            narrowed = self._narrowed(settings)
            listed += [heading, *narrowed] if narrowed or not self._wanted else []
        return listed

    def _sampling(self) -> list[tuple[Heading, list[Setting]]]:
        """Return the group of the sampler, where the loss needs one."""
        if not self.draws:
            return []
        return [(Heading(f"sampler  {self.title('sampler')}", f"{KEYS['sampler']} change"), self.of("sampler"))]

    @property
    def draws(self) -> bool:
        """Whether the loss is of rows against drawn items."""
        loss = self.plugin("loss")
        return bool(loss and loss.facts.get("negatives"))

    def _training(self) -> list[Setting]:
        settings = [s for table in ("loader", "training", "experiment") for s in settings_of_table(table)]
        daily = [setting for setting in settings if setting.path in _USED_DAILY]
        rare = [s for s in settings_of_table("training") if s.path not in _USED_DAILY]
        return [*daily, *(msgspec.structs.replace(setting, advanced=True) for setting in rare)]

    def _of_metrics(self) -> list[Setting]:
        return [
            msgspec.structs.replace(setting, label=f"{plugin.name} {setting.label}")
            for number, (_, plugin) in enumerate(self.metrics())
            if plugin
            for setting in settings_of(plugin, f"metrics[{number}]")
        ]

    def _metrics_in_words(self) -> str:
        return ", ".join(plugin.title if plugin else name for name, plugin in self.metrics()) or "none"

    def _narrowed(self, settings: Sequence[Setting]) -> Sequence[Setting]:
        return find(settings, self._wanted) if self._wanted else settings

    # -- what is refused --

    def refusals(self) -> list[Refusal]:
        """Return what can't be trained so, in the order of the screen."""
        return list(self._refusals())

    def _refusals(self) -> Iterator[Refusal]:
        shown = [*self.of("model"), *self.of("optimizer"), *self.of("schedule"), *self._training(), *self.of("loss")]
        shown += self.of("sampler") if self.draws else []
        elsewhere = [*self.of("splitter"), *settings_of_table("loader"), *settings_of_table("data")]
        told = set()
        for setting in (*shown, *self._of_metrics(), *elsewhere):
            reason = self._draft.reason(setting)
            if reason and setting.path not in told:
                told.add(setting.path)
                yield Refusal(setting.path, reason)
        if self._draft.problem and not told:
            yield Refusal("", str(self._draft.problem))
        for table in ("splitter", "model", "loss", "optimizer", "schedule"):
            try:
                self._catalogue.find(table, self._draft.plugin(table))
            except BadInput as error:
                yield Refusal(f"{table}.name", str(error))

    # -- what can be chosen --

    def plugins(self, table: str) -> list[Choice]:
        """Return the plugins that may stand in a table; those whose source is broken can't be chosen."""
        current = self.plugin(table)
        choices = [
            Choice(
                plugin.full_name,
                plugin.title,
                self._about(plugin),
                ("◆", "s1") if plugin == current else ("", ""),
            )
            for plugin in self._catalogue.of_kind(table)
        ]
        broken = [
            Choice("", broken.source, broken.reason, ("✗", "bad"), allowed=False) for broken in self._catalogue.broken
        ]
        return [*choices, *broken]

    def metric_choices(self) -> list[Choice]:
        """Return all metrics; those that are measured bear a sign."""
        chosen = [plugin.full_name for _, plugin in self.metrics() if plugin]
        return [
            Choice(
                plugin.full_name, plugin.title, plugin.summary, ("✓", "ok") if plugin.full_name in chosen else ("", "")
            )
            for plugin in self._catalogue.of_kind("metric")
        ]

    def _about(self, plugin: Declaration) -> str:
        fields = [str(name) for key in ("data.categorical", "data.continuous") for name in self._draft.get(key, [])]
        if plugin.kind == "model" and fields and not plugin.facts.get("fields"):
            return f"leaves out {', '.join(fields)} · {plugin.summary}"
        return plugin.summary
