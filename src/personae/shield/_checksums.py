"""Check digits of numbers that name one person or one account: pure functions of digits, from the public rules of each scheme.

Sources: ISO 13616 and ISO/IEC 7064 (IBAN, mod 97-10), ISO/IEC 7812-1 annex B (Luhn), Verhoeff (1969) for Aadhaar; the issuing
offices' published rules for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_CODICE_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_DIHEDRAL = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_TURNS = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def iban(number: str) -> bool:
    """Return whether an IBAN without spaces holds: moved and spelled in digits, it is 1 modulo 97.

    >>> iban("GB82WEST12345698765432"), iban("GB82WEST12345698765433")
    (True, False)
    """
    if not 15 <= len(number) <= 34 or not number.isalnum() or not number.isascii():
        return False
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


def luhn(digits: str) -> bool:
    """Return whether every second digit from the right, doubled, makes a sum that ten divides.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """Return the sum of digits times weights, for as many as there are weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def nif(number: str) -> bool:
    """Portugal's tax number: nine digits, the last one 11 less the weighted rest modulo 11, 0 from 10 on."""
    check = 11 - weighted(number, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return number[0] in "1235689" and int(number[8]) == (0 if check > 9 else check)


def dni(number: str) -> bool:
    """Spain's DNI and NIE: the letter is that of the number modulo 23; X, Y, Z stand for 0, 1, 2."""
    digits = number[:-1].translate(str.maketrans("XYZ", "012"))
    return number[-1] == _DNI[int(digits) % 23]


def nir(number: str) -> bool:
    """France's social security number: the key is 97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18."""
    body = number[:-2].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and int(number[-2:]) == 97 - int(body) % 97


def codice(number: str) -> bool:
    """Italy's codice fiscale: odd places by table, even places by rank; the letter is the sum modulo 26."""
    total = 0
    for place, character in enumerate(number[:15]):
        rank = int(character) if character.isdigit() else ord(character) - ord("A")
        total += rank if place % 2 else _CODICE_ODD[rank]
    return ord(number[15]) - ord("A") == total % 26


def steuer_id(number: str) -> bool:
    """Germany's tax number: eleven digits, ISO 7064 mod 11,10; no leading zero."""
    product = 10
    for digit in number[:10]:
        rest = (int(digit) + product) % 10 or 10
        product = 2 * rest % 11
    return number[0] != "0" and len(set(number[:10])) < 10 and (11 - product) % 10 == int(number[10])


def bsn(number: str) -> bool:
    """The Netherlands' BSN: weights 9 to 2 and -1 make a sum that eleven divides."""
    return number != "000000000" and weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def nhs(number: str) -> bool:
    """England's NHS number: ten digits, the last one 11 less the weighted rest modulo 11; 10 is never issued."""
    check = (11 - weighted(number, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11) % 11
    return check < 10 and check == int(number[9])


def ssn(number: str) -> bool:
    """The United States' social security number has no check digit: areas, groups and serials that are never issued."""
    return (
        number[:3] not in {"000", "666"} and number[0] != "9" and number[3:5] != "00" and number[5:] != "0000"
    )


def cpf(number: str) -> bool:
    """Brazil's CPF: two digits, each ten times the weighted rest modulo 11, 0 for 10; equal digits are never issued."""
    first = weighted(number, tuple(range(10, 1, -1))) * 10 % 11 % 10
    second = weighted(number, tuple(range(11, 1, -1))) * 10 % 11 % 10
    return len(set(number)) > 1 and number[9:] == f"{first}{second}"


def pesel(number: str) -> bool:
    """Poland's PESEL: the weighted digits and the check digit make a sum that ten divides, and the date exists."""
    month = int(number[2:4])
    century = {4: 18, 0: 19, 1: 20, 2: 21, 3: 22}[month // 20]
    if not _is_date(f"{century}{number[:2]}{month % 20:02}{number[4:6]}"):
        return False
    return (weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) + int(number[10])) % 10 == 0


def aadhaar(number: str) -> bool:
    """India's Aadhaar: Verhoeff's sum in the dihedral group of order ten is zero; it starts with 2 to 9."""
    state = "0"
    for place, digit in enumerate(reversed(number)):
        state = _DIHEDRAL[int(state)][int(_TURNS[place % 8][int(digit)])]
    return number[0] in "23456789" and state == "0"


def china(number: str) -> bool:
    """China's resident number: 17 digits times powers of two modulo 11 choose the last, X for ten; the date exists.

    Source: GB 11643-1999, ISO 7064 mod 11-2.
    """
    weights = tuple(2 ** (17 - place) % 11 for place in range(17))
    return "10X98765432"[weighted(number[:17], weights) % 11] == number[17] and _is_date(number[6:14])


def my_number(number: str) -> bool:
    """Japan's My Number: eleven digits times 6 to 2 and 7 to 2, twelfth 11 less the rest modulo 11, 0 from 10 on."""
    check = 11 - weighted(number, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return int(number[11]) == (0 if check > 9 else check)


def rrn(number: str) -> bool:
    """South Korea's resident number has no check digit since 2020: a date that exists, then the century and sex, 1 to 8."""
    century = {"1": 19, "2": 19, "3": 20, "4": 20, "5": 19, "6": 19, "7": 20, "8": 20}.get(number[6])
    return century is not None and _is_date(f"{century}{number[:6]}")


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True


NATIONAL: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("Portugal", r"\d{3} ?\d{3} ?\d{3}", nif),
    ("Spain", r"(?:\d{8}|[XYZ]\d{7})[ -]?[A-Z]", dni),
    ("France", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", nir),
    ("Italy", r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]", codice),
    ("Germany", r"\d\d ?\d{3} ?\d{3} ?\d{3}", steuer_id),
    ("Netherlands", r"\d{9}", bsn),
    ("England", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs),
    ("United States", r"\d{3}[ -]\d\d[ -]\d{4}", ssn),
    ("Brazil", r"\d{3}\.?\d{3}\.?\d{3}-?\d\d", cpf),
    ("Poland", r"\d{11}", pesel),
    ("India", r"\d{4} ?\d{4} ?\d{4}", aadhaar),
    ("China", r"[1-8]\d{16}[\dXx]", china),
    ("Japan", r"\d{4}[ -]?\d{4}[ -]?\d{4}", my_number),
    ("South Korea", r"\d{6} ?- ?\d{7}", rrn),
)  # country, pattern, rule; each rule takes the digits and letters alone
