"""Invented people: who renews follows age and city; a code says it again, a wave before it hints at it."""

import numpy as np
import pytest

from personae.ask import table_of
from personae.models.encoder import CachedEncoder, home_encoder


def invented(n=240, seed=0):
    random = np.random.default_rng(seed)
    age = random.integers(18, 70, n).astype(float)
    city = random.choice(["Porto", "Bern", "Oslo"], n)
    chance = 1 / (1 + np.exp(-(age - 44) / 4 - 1.5 * (city == "Bern")))
    renews = np.where(random.random(n) < chance, "yes", "no")
    return {
        "id": [f"p{i:04d}" for i in range(n)],
        "age": age,
        "city": city,
        "sex": random.choice(["f", "m"], n),
        "hours": random.normal(30, 8, n).round(1),
        "renews": renews,
        "renewal_code": np.where(renews == "yes", "R1", "R0"),
    }


@pytest.fixture(scope="session")
def encoder():
    return CachedEncoder(home_encoder())


@pytest.fixture
def table():
    return table_of(
        invented(), name="people", descriptions={"renews": "whether the member renews the contract"}
    )


@pytest.fixture
def people_columns():
    return invented
