"""A batch in human words: labels and titles for codes."""

from __future__ import annotations

from cfbench.loading.loader import Batch, Loader


def in_words(loader: Loader, batch: Batch, n: int = 10) -> list[dict[str, str | float]]:
    """Return the first `n` rows of a batch as field -> label or number; users, titles, fields, target."""
    users, titles = loader.classes["user"], loader.classes["title"]
    encoder = loader.encoder
    described: list[dict[str, str | float]] = []
    for row in range(min(n, len(batch))):
        user, item = batch.x[row].tolist()
        words: dict[str, str | float] = {"user": users[user], "title": titles[item]}
        for field, code in zip(encoder.categorical, batch.categorical[row].tolist(), strict=True):
            words[field] = loader.classes[field][code]
        for (field, scale), value in zip(encoder.scales.items(), batch.continuous[row].tolist(), strict=True):
            words[field] = round(value * scale.sd + scale.mean, 4)
        words["target"] = float(batch.target[row])
        described.append(words)
    return described
