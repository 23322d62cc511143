"""Earnings: an amount with its currency and period, as US dollars a year and as an income level."""

from __future__ import annotations

import re
from collections.abc import Mapping

# US dollars for one unit, averages of 2023 as the OECD publishes them ("Exchange rates", indicator), rounded.
DOLLARS = {
    "usd": 1.0, "eur": 1.08, "gbp": 1.24, "cad": 0.74, "aud": 0.66, "nzd": 0.61, "chf": 1.11, "inr": 0.0121,
    "jpy": 0.0071, "cny": 0.141, "sek": 0.094, "nok": 0.095, "dkk": 0.145, "brl": 0.20, "mxn": 0.056, "pln": 0.24,
    "zar": 0.054, "try": 0.042,
}  # fmt: skip
PER_YEAR = {"hour": 2080, "day": 260, "week": 52, "month": 12, "year": 1}
BANDS = ((30_000, "low"), (60_000, "middle"), (150_000, "high"))  # USD a year, SynthPAI
LEAST, MOST = 1_000, 5_000_000  # USD a year; what is outside is a joke or a misreading
YEARLY = 10_000  # an amount without a period is a year's from here on

PRICE = (
    r"(?P<before>us\$|ca\$|c\$|au\$|a\$|nz\$|r\$|[$€£₹¥]|usd|eur|gbp|chf|rs\.?)? ?"
    r"(?P<amount>\d{1,3}(?:[.,' ]\d{3})+|\d+(?:[.,]\d{1,2})?) ?"
    r"(?P<scale>k|grand|thousand|tausend|mille|mila|mil|duizend|lakhs?|lpa|million|m)?(?!\w) ?"
    r"(?P<after>(?:us |canadian |australian )?dollars?|bucks|quid|pounds?|euros?|rupees?|francs?|franken|yen|yuan|reais|"
    r"rands?|dólares|libras|sterline|usd|eur|gbp|cad|aud|nzd|chf|inr|rmb|sek|kronor|nok|kroner|dkk|pln|[€£$])?(?!\w)"
    r"(?: ?(?:a|an|per|/|each|every|im|pro|al|por|par|ao|all'|à l'|de l')? ?(?P<period>hour|hr|h|stunde|hora|heure|ora|uur|"
    r"day|tag|día|jour|week|wk|woche|semana|semaine|settimana|month|mo|monat|mes|mois|mês|mese|maand|year|yr|annum|jahr|"
    r"año|an|ano|anno|jaar)\b)?"
)
_CURRENCIES = {
    r"\$|us\$|(?:us )?dollars?|bucks|usd|dólares": "usd", r"€|euros?|eur": "eur", r"£|pounds?|quid|gbp|libras|sterline": "gbp",
    r"cad|c\$|ca\$|canadian dollars?": "cad", r"aud|a\$|au\$|australian dollars?": "aud", r"nz\$|nzd": "nzd",
    r"chf|francs?|franken": "chf", r"₹|inr|rupees?|rs\.?": "inr", r"¥|yen": "jpy", r"yuan|rmb": "cny", r"sek|kronor": "sek",
    r"nok|kroner": "nok", r"dkk": "dkk", r"r\$|reais": "brl", r"pln": "pln", r"rands?": "zar",
}  # fmt: skip
_SCALES = {"k": 1e3, "grand": 1e3, "thousand": 1e3, "tausend": 1e3, "mil": 1e3, "mille": 1e3, "mila": 1e3, "duizend": 1e3,
           "lakh": 1e5, "lakhs": 1e5, "lpa": 1e5, "m": 1e6, "million": 1e6}  # fmt: skip
_PERIODS = {
    "hour": r"hour|hr|h|stunde|hora|heure|ora|uur", "day": r"day|tag|día|jour", "week": r"week|wk|woche|semana|semaine|settimana",
    "month": r"month|mo|monat|mes|mois|mês|mese|maand", "year": r"year|yr|annum|jahr|año|an|ano|anno|jaar",
}  # fmt: skip


def band(dollars: float) -> str:
    """Return the income level of so many US dollars a year.

    >>> band(29_999), band(60_000), band(400_000)
    ('low', 'high', 'very high')
    """
    return next((level for limit, level in BANDS if dollars < limit), "very high")


def yearly_dollars(found: Mapping[str, str]) -> list[float]:
    """Return US dollars a year from the groups of `PRICE`; none where the currency or the period is not said.

    So many thousands "a year" without a currency are dollars, euros or pounds: what each would be.

    >>> found = dict.fromkeys(["before", "scale", "after", "period"], "") | {"before": "€", "amount": "3.000"}
    >>> yearly_dollars(found), yearly_dollars(found | {"period": "month"})
    ([], [38880.0])
    >>> [round(each) for each in yearly_dollars(found | {"before": "", "amount": "120", "scale": "k", "period": "year"})]
    [120000, 129600, 148800]
    """
    currency = next(
        (
            code
            for words, code in _CURRENCIES.items()
            for key in ("before", "after")
            if re.fullmatch(words, found[key])
        ),
        None,
    )
    period = next((name for name, words in _PERIODS.items() if re.fullmatch(words, found["period"])), None)
    amount = _number(found["amount"]) * _SCALES.get(found["scale"], 1.0)
    if period is None and amount >= YEARLY:
        period = "year"
    unsaid = ("usd", "eur", "gbp") if found["scale"] == "k" and found["period"] and period == "year" else ()
    currencies = (currency,) if currency else unsaid
    if period is None:
        return []
    dollars = [amount * PER_YEAR[period] * DOLLARS[each] for each in currencies]
    return [each for each in dollars if LEAST <= each <= MOST]


def _number(text: str) -> float:
    """Return the number that "45", "45,000", "45.000" or "3.5" writes."""
    if re.fullmatch(r"\d{1,3}(?:[.,' ]\d{3})+", text):
        return float(re.sub(r"\D", "", text))
    return float(text.replace(",", "."))
