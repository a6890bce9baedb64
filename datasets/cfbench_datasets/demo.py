"""The demo data: stars that follow planted factors, so that a model has something true to find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray

from cfbench.plugin import NoParams

SEED = 20_240_229
N_USERS, N_ITEMS, N_ROWS, N_FACTORS = 600, 400, 25_000, 5
MEAN, USER_SPREAD, ITEM_SPREAD, FACTOR_SPREAD, NOISE = 3.5, 0.35, 0.45, 0.65, 0.45
FIRST, LAST = 1_420_070_400, 1_704_067_199
"""Unix seconds of the first and last second of the years 2015 to 2023."""

GENRES = ("Adventure", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Mystery", "Romance")
"""Each leans towards the factors in its own way."""

OPENINGS = (
    "The Amber", "The Borrowed", "A Crooked", "The Distant", "An Early", "The Forgotten", "A Gentle", "The Hollow",
    "An Idle", "The Jade", "The Last", "A Midnight", "The Northern", "An Open", "The Paper", "A Quiet",
    "The Restless", "A Silver", "The Tidal", "An Unlikely", "The Velvet", "A Wandering", "The Yellow", "The Zealous",
)  # fmt: skip
ENDINGS = (
    "Archive", "Bakery", "Carousel", "Detour", "Equation", "Ferry", "Garden", "Harbour", "Inheritance", "Journey",
    "Kite", "Lighthouse", "Machine", "Neighbour", "Orchard", "Parade", "Question", "River", "Station", "Telescope",
    "Umbrella", "Verdict", "Winter", "Yard",
)  # fmt: skip


def write(folder: Path, params: NoParams) -> None:
    """Write ratings.csv, items.csv and users.csv into `folder`; the same bytes each time."""
    generator = np.random.default_rng(SEED)
    genre = generator.integers(len(GENRES), size=N_ITEMS)
    age = generator.integers(16, 80, size=N_USERS)
    user, item = _pairs(generator)
    stars = _stars(generator, user, item, genre, age)
    time = np.sort(generator.integers(FIRST, LAST, size=len(user), endpoint=True))
    ratings = {"user": user + 1, "film": item + 1, "stars": stars, "time": time}
    pl.DataFrame(ratings).write_csv(folder / "ratings.csv", float_precision=1)
    titles, years = _titles(generator)
    films = {"film": np.arange(1, N_ITEMS + 1), "title": titles, "genre": np.array(GENRES)[genre], "year": years}
    pl.DataFrame(films).write_csv(folder / "items.csv")
    pl.DataFrame({"user": np.arange(1, N_USERS + 1), "age": age}).write_csv(folder / "users.csv")


def _pairs(generator: Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct pairs in random order: busy users and popular films have far more rows than others."""
    activity = generator.lognormal(0, 0.8, size=(N_USERS, 1))
    popularity = generator.permutation(1 / np.arange(10, N_ITEMS + 10) ** 0.9)
    keys = generator.exponential(size=(N_USERS, N_ITEMS)) / (activity * popularity)
    chosen = np.argpartition(keys.ravel(), N_ROWS)[:N_ROWS]
    user, item = np.divmod(generator.permutation(np.sort(chosen)), N_ITEMS)
    return user, item


def _stars(
    generator: Generator,
    user: NDArray[np.int64],
    item: NDArray[np.int64],
    genre: NDArray[np.int64],
    age: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Mean + biases + planted factors + noise, in half stars from 0.5 to 5."""
    user_bias = generator.normal(0, USER_SPREAD, N_USERS)
    item_bias = generator.normal(0, ITEM_SPREAD, N_ITEMS)
    tastes = generator.normal(size=(N_USERS, N_FACTORS))
    tastes[:, 0] += (age - age.mean()) / age.std()
    leanings = generator.normal(size=(len(GENRES), N_FACTORS))
    traits = 0.7 * leanings[genre] + 0.7 * generator.normal(size=(N_ITEMS, N_FACTORS))
    agreement = (tastes[user] * traits[item]).sum(axis=1) / np.sqrt(N_FACTORS)
    noise = generator.normal(0, NOISE, len(user))
    liking = MEAN + user_bias[user] + item_bias[item] + FACTOR_SPREAD * agreement + noise
    stars: NDArray[np.float64] = np.clip(np.round(liking * 2) / 2, 0.5, 5.0)
    return stars


def _titles(generator: Generator) -> tuple[list[str], NDArray[np.int64]]:
    """Distinct titles such as "The Amber Ferry (1987)", and their years."""
    chosen = generator.permutation(len(OPENINGS) * len(ENDINGS))[:N_ITEMS]
    years = generator.integers(1950, 2015, size=N_ITEMS)
    words = [divmod(int(number), len(ENDINGS)) for number in chosen]
    titles = [f"{OPENINGS[a]} {ENDINGS[b]} ({year})" for (a, b), year in zip(words, years, strict=True)]
    return titles, years
