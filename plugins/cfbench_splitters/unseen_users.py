"""Users that training does not see: strong generalisation.

Marlin: Collaborative filtering, a machine learning perspective, 2004; Liang et al.: Variational autoencoders for
collaborative filtering, WWW 2018, section 4.
"""

import numpy as np

from cfbench.plugin import BadInput, Interactions, Split
from cfbench_splitters import UnseenUsersParams


def unseen_users(interactions: Interactions, params: UnseenUsersParams, generator: np.random.Generator) -> Split:
    """Return all rows of most users as train; of held-out users some rows as given, the others as valid or test."""
    user = interactions.user
    users = generator.permutation(np.unique(user))
    n_valid, n_test = round(len(users) * params.valid), round(len(users) * params.test)
    if n_valid == 0 or n_valid + n_test >= len(users):
        raise BadInput(
            f"{len(users)} users are too few for valid = {params.valid} and test = {params.test}",
            where="splitter",
            mend="change the shares or bring more users",
        )
    side = np.zeros(len(interactions.classes["user"]), np.uint8)
    side[users[:n_valid]], side[users[n_valid : n_valid + n_test]] = 1, 2
    order = np.argsort(generator.permutation(len(user)))
    if params.by == "time":
        if interactions.time is None:
            raise BadInput("rows are to be given by time, and there is none", where="data.time", mend="name its column")
        order = order[np.argsort(np.asarray(interactions.time)[order], kind="stable")]
    order = order[np.argsort(user[order], kind="stable")]
    n = np.bincount(user, minlength=len(side))
    place = np.arange(len(order)) - (np.cumsum(n) - n)[user[order]]
    n_given = np.clip(np.floor(n * params.given + 1e-9), 1, None)[user[order]]
    held, alone = side[user[order]], n[user[order]] < 2
    given = (held > 0) & ~alone & (place < n_given.clip(max=n[user[order]] - 1))
    asked = (held > 0) & ~alone & ~given
    dropped = int(((held > 0) & alone).sum())
    return Split(
        train=np.sort(order[held == 0]),
        valid=np.sort(order[asked & (held == 1)]),
        test=np.sort(order[asked & (held == 2)]),
        dropped={"held-out user with one row, which can't be both given and asked for": dropped} if dropped else {},
        given=np.sort(order[given]),
    )
