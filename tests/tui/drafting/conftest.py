"""All plugins as data, the TOML that people start from, and randomness whose seed a failure tells."""

import logging
import random
from collections.abc import Callable, Iterator

import pytest

from cfbench.agent.template import template
from cfbench.experiment import Data
from cfbench.registry.catalogue import Catalogue, catalogue
from cfbench.tui.settings import Setting, settings_of, settings_of_table


@pytest.fixture(scope="package")
def known() -> Catalogue:
    return catalogue()


@pytest.fixture(scope="package")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What ``cfbench experiment new`` prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CFBENCH_HOME", str(tmp_path_factory.mktemp("templates")))
        yield template(Data())


@pytest.fixture
def setting(known: Catalogue) -> Callable[..., Setting]:
    """Return the setting of a path, of the plugin named."""

    def of(path: str, plugin: str = "dot-product") -> Setting:
        table = path.partition(".")[0]
        fixed = table in ("experiment", "data", "loader", "training")
        settings = settings_of_table(table) if fixed else settings_of(known.find(table, plugin), table)
        return next(setting for setting in settings if setting.path == path)

    return of


@pytest.fixture
def draw() -> random.Random:
    seed = random.randrange(10**9)
    logging.getLogger(__name__).warning("seed %d", seed)
    return random.Random(seed)
