"""People a second: personae's generator beside Faker drawing the same thirty-five fields, in turn in one process.

python benchmarks/synth.py --people 2000

Needs Faker, which is no dependency of personae. Faker's side draws each field by itself, one person at a time, as PANORAMA's
public generator does, without its consistency rules: it does less work, and what it draws need not agree.
"""

from __future__ import annotations

import argparse
import random
import time

from personae.synth import Panorama, home_spec, learn_spec, sample
from personae.synth.panorama import FIELDS

SEED = 4321  # paper
CORE = ("age", "sex", "education", "relationship_status", "income_level", "occupation")


def with_faker(people: int) -> tuple[float, list[dict[str, object]]]:
    from faker import Faker

    Faker.seed(SEED)
    random.seed(SEED)
    fake = Faker("en_US")
    start = time.process_time()
    made = [_drawn(fake) for _ in range(people)]
    return time.process_time() - start, made


def _drawn(fake) -> dict[str, object]:  # type: ignore[no-untyped-def]
    surname = fake.last_name()
    born = fake.date_of_birth(minimum_age=18, maximum_age=90)
    return {
        "unique_id": fake.uuid4(),
        "locale": "en_US",
        "first_name": fake.first_name(),
        "last_name": surname,
        "fathers_name": f"{fake.first_name_male()} {surname}",
        "mothers_name": f"{fake.first_name_female()} {surname}",
        "gender": random.choice(("Male", "Female")),
        "age": 2025 - born.year,
        "nationality": "American",
        "marital_status": random.choice(("Single", "Married", "Divorced", "Widowed")),
        "spouse_name": fake.name(),
        "children_count": random.randint(0, 4),
        "national_id": fake.ssn(),
        "passport_number": fake.passport_number(),
        "drivers_license": fake.bothify("US-DL-#########"),
        "phone": fake.phone_number(),
        "work_phone": fake.phone_number(),
        "address": fake.address(),
        "email": fake.email(),
        "work_email": fake.company_email(),
        "birth_date": born.isoformat(),
        "birth_city": fake.city(),
        "education_info": random.choice(("High School", "Bachelor's", "PhD")),
        "finance_status": random.choice(("Low", "Medium", "High")),
        "net_worth": random.randint(-20_000, 500_000),
        "employer": fake.company(),
        "job_title": fake.job(),
        "annual_salary": random.randint(15_000, 300_000),
        "credit_score": random.randint(300, 850),
        "social_media": {platform: "@" + fake.user_name() for platform in ("Reddit", "Facebook")},
        "blood_type": random.choice(("A+", "O+", "B+")),
        "allergies": random.choice(("None", "Pollen")),
        "disability": random.choice(("None", "Visual")),
        "emergency_contact_name": fake.name(),
        "emergency_contact_phone": fake.phone_number(),
    }


def with_personae(people: int, spec: Panorama) -> tuple[float, int]:
    sample(spec, 10, SEED)
    start = time.process_time()
    made = list(sample(spec, people, SEED).people())
    return time.process_time() - start, len(made)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for name, spec in {
        "hand-set weights": Panorama(),
        "adults of the United States": Panorama(home_spec()),
    }.items():
        theirs = min(with_faker(chosen.people)[0] for _ in range(chosen.rounds))
        ours = min(with_personae(10 * chosen.people, spec)[0] for _ in range(chosen.rounds)) / 10
        print(f"{name}: {chosen.people / ours:,.0f} people a second")
        print(f"  times Faker's {chosen.people / theirs:,.0f} a second: {theirs / ours:.1f}")
    columns = sample(Panorama(), 20_000, SEED).columns
    start = time.process_time()
    learn_spec({name: columns[name] for name in CORE})
    print(f"learning a table of 20,000 people and 6 columns: {time.process_time() - start:.2f} s")
    assert set(with_faker(1)[1][0]) == set(FIELDS)


if __name__ == "__main__":
    main()
