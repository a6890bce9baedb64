"""What is in the data, for people who consider training on them."""

from __future__ import annotations

import numpy as np

from cfbench.answers import Bar, DataProfile
from cfbench.data import distributions
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.data.paging import in_words, iso
from cfbench.experiment import Data

_FIRST_ROWS = 5


def describe(data: Data, *, verify: bool = False) -> DataProfile:
    """Return what an experiment's [data] holds.

    Args:
        data: the table [data].
        verify: hash the files again, rather than trust their sizes and times of change.

    Raises:
        BadInput: the files or the settings can't be used.
        DiskFull: there is no room to keep the imported data.
    """
    return profile(open_interactions(data, verify=verify))


def profile(interactions: Interactions) -> DataProfile:
    """Return what interactions hold."""
    users, items = (len(interactions.classes[field]) - 1 for field in ("user", "item"))
    target, time = interactions.target, interactions.time
    bars = distributions.targets(target)
    rows_of_items = distributions.most_first(interactions.item, items)
    fields = {name: len(interactions.classes[name]) - 1 for name in interactions.categorical}
    counts = interactions.counts
    return DataProfile(
        key=interactions.key,
        fingerprint=interactions.fingerprint,
        files=interactions.files,
        columns=interactions.columns,
        read=counts.read,
        kept=len(interactions),
        dropped=counts.dropped,
        users=users,
        items=items,
        density=len(interactions) / (users * items),
        feedback="implicit" if target.min() == target.max() else "explicit",
        targets=bars,
        target_mean=float(target.mean(dtype=np.float64)),
        time_first=None if time is None else iso(int(time.min())),
        time_last=None if time is None else iso(int(time.max())),
        duplicates=counts.duplicates,
        conflicts=counts.conflicts,
        shared_titles=counts.shared_titles,
        merged_items=counts.merged_items,
        fields=fields | dict.fromkeys(interactions.continuous, 0),
        first=in_words(interactions, 0, _FIRST_ROWS),
        item_tail=distributions.tail(rows_of_items),
        user_tail=distributions.tail(distributions.most_first(interactions.user, users)),
        half_items=distributions.half(rows_of_items),
        times=() if time is None else distributions.times(time),
        notes=(*interactions.notes, *_notes(bars)),
    )


def _notes(bars: tuple[Bar, ...]) -> list[str]:
    if bars[0].low > 0 and bars[-1].high / bars[0].low > distributions.COUNTS_NOT_STARS:
        return [
            f"targets run from {bars[0].low:g} to {bars[-1].high:g}, as counts do rather than ratings;"
            ' target = "none" in [data] lets every row count as 1'
        ]
    return []
