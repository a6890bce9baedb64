"""The seven screens. Each says which panels it has, what they show, and what its commands ask of the bench."""

from cfbench.tui.screens.data import DataScreen
from cfbench.tui.screens.explore import ExploreScreen
from cfbench.tui.screens.loader import LoaderScreen
from cfbench.tui.screens.model import ModelScreen
from cfbench.tui.screens.plugins import PluginsScreen
from cfbench.tui.screens.runs import RunsScreen
from cfbench.tui.screens.train import TrainScreen

WORK_SCREENS = (DataScreen, LoaderScreen, ModelScreen, TrainScreen, RunsScreen, ExploreScreen, PluginsScreen)
"""In the order of their keys."""
