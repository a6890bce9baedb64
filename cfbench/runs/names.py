"""Names of runs that a person can say aloud."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime

from cfbench.errors import BadInput

_QUALITIES = """
amber brave brisk calm clever coral cosy crisp daring deft eager fair fleet fond frank gentle glad golden hardy
honest jolly keen kind lively lucid lucky mellow merry modest neat nimble noble patient placid plucky proud
quick quiet ready rosy serene sharp silver smart solid spry steady stout sunny sure swift tidy tough trusty
vivid warm wise witty young zesty
""".split()  # noqa: SIM905
_ANIMALS = """
adder badger bear beaver bison boar crane crow deer dingo dove duck eagle eel egret elk falcon ferret finch fox
frog gecko goat goose gull hare hawk heron horse ibex jay kite koala lark lemur lion llama lynx marten mole
moose mouse newt otter owl panda pony puma quail raven robin seal shrew skunk sloth snail stork swan tapir tern
toad trout viper vole wasp whale wolf wren yak zebra
""".split()  # noqa: SIM905
_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def draw_name() -> str:
    """Return two words. Names need not repeat with a seed, so they come from the system's randomness."""
    chance = random.SystemRandom()
    return f"{chance.choice(_QUALITIES)}-{chance.choice(_ANIMALS)}"


def check_name(name: str) -> None:
    """Raise BadInput unless `name` can be a part of a folder's name on any machine."""
    if not _ALLOWED.fullmatch(name):
        raise BadInput(
            f"'{name}' can't name a run",
            where="experiment.name",
            mend="use up to 64 letters, digits, dots, dashes and underscores, a letter or digit first",
        )


def run_id(name: str) -> str:
    """Return the id of a run that is made now: UTC time to the microsecond, so that ids sort by age, and its name."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z-{name}"
