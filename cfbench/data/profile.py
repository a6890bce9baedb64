"""What is in the data, for people who consider training on them."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import numpy as np

from cfbench import durable
from cfbench.answers import DataProfile
from cfbench.data import cache, crosstab, distributions, doctor
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.data.named import resolved
from cfbench.data.paging import in_words, iso
from cfbench.experiment import Data

FORMAT = 1
"""Raised whenever a profile says other things of the same interactions; older ones that are kept are not read."""

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
    data = resolved(data)
    interactions = open_interactions(data, verify=verify)
    path = cache.beside(interactions.key, f"profile-{FORMAT}.json")
    if path is not None and not verify:
        with suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(path.read_bytes(), type=DataProfile)
    made = profile(interactions, data)
    if path is not None:
        with suppress(OSError):
            durable.replace(path, msgspec.json.encode(made))
    return made


def profile(interactions: Interactions, data: Data) -> DataProfile:
    """Return what interactions hold; `data` says which policies made them."""
    users, items = (len(interactions.classes[field]) - 1 for field in ("user", "item"))
    target, time = interactions.target, interactions.time
    values, rows_of_values = distributions.distinct(target)
    rows_of_items = distributions.most_first(interactions.item, items)
    rows_of_users = distributions.most_first(interactions.user, users)
    fields = {
        name: len(interactions.classes[name]) - 1 for name in (*interactions.categorical, *interactions.multilabel)
    }
    counts = interactions.counts
    facts = doctor.Facts(
        targets=(values, rows_of_values),
        bars=distributions.targets(values, rows_of_values),
        rows_of_users=rows_of_users,
        rows_of_items=rows_of_items,
        ties=None if time is None else distributions.ties(interactions.user, time),
    )
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
        feedback="implicit" if len(values) == 1 else "explicit",
        targets=facts.bars,
        target_mean=float(values.astype(np.float64) @ rows_of_values / len(interactions)),
        time_first=None if time is None else iso(int(time.min())),
        time_last=None if time is None else iso(int(time.max())),
        duplicates=counts.duplicates,
        conflicts=counts.conflicts,
        shared_titles=counts.shared_titles,
        merged_items=counts.merged_items,
        fields=fields | dict.fromkeys(interactions.continuous, 0),
        first=in_words(interactions, slice(_FIRST_ROWS)),
        item_tail=distributions.tail(rows_of_items),
        user_tail=distributions.tail(rows_of_users),
        half_items=distributions.half(rows_of_items),
        half_users=distributions.half(rows_of_users),
        single_items=int(np.count_nonzero(rows_of_items == 1)),
        single_users=int(np.count_nonzero(rows_of_users == 1)),
        times=() if time is None else distributions.times(time),
        ties=facts.ties,
        merged=counts.merged,
        missing=counts.missing,
        zeros=counts.zero_targets,
        crosstab=crosstab.densest(interactions),
        findings=doctor.findings(data, interactions, facts),
    )
