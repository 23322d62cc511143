"""Keys beside the texts of an archive that tell where somebody is or shows themselves, when they were born, or an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWN = ("table", "messages", "plain")  # formats whose keys are a user's own
BORN = frozenset(
    ("birth_year", "birth_date", "birthday", "birthdate", "date_of_birth", "dateofbirth", "birth date", "date of birth")
)  # fmt: skip
AGED = frozenset(("born", "age"))  # in files about an account: elsewhere these are words of other things
WHERE = frozenset((
    "geo", "coordinates", "place", "location", "location_information", "locationinfos", "exif_data", "latitude", "longitude",
    "lat", "lng", "lon", "city", "postal_code", "postalcode", "zip", "zip_code", "zipcode", "region", "last_region", "country",
    "last_country", "conn_country", "country_code", "countrycode", "billing_address", "billingaddress", "street", "address",
    "place_name", "timezone", "time_zone", "website",
))  # fmt: skip
PICTURED = frozenset((
    "avatar", "avatarmediaurl", "headermediaurl", "avatar_url", "banner", "profile_image_url", "profile_image_url_https",
    "profile_banner_url", "profile_pic_url",
))  # fmt: skip  # addresses of pictures, whose names are those of files that people uploaded
ADDRESSES = frozenset((
    "ip", "ip_addr", "ip_address", "ipaddress", "last_ip", "login_ip", "loginip", "last_login_ip", "creation_ip", "creationip",
    "registration_ip", "registration ip", "signup_ip",
))  # fmt: skip
INSTRUCTIONS = frozenset((
    "about_user_message", "about_model_message", "name_user_message", "role_user_message", "traits_model_message",
    "other_user_message", "user_profile", "user_instructions",
))  # fmt: skip  # what an owner tells an assistant about themselves, which every message may repeat


def tells(key: str, value: Any) -> bool:
    """Return whether what stands under a key (in lower case) tells where, when born, from where or as whose picture.

    A location in words is read as what the owner wrote.

    >>> tells("geo", {"lat": 1.5}), tells("location", "Porto"), tells("location", {"name": "Porto"}), tells("text", "Porto")
    (True, False, True, False)
    """
    return key in BORN | WHERE | PICTURED and not (key == "location" and isinstance(value, str))


def told_by(record: Mapping[str, Any]) -> str:
    """Return the key under which the "value" of a record stands where another field names it, in lower case."""
    return str(record.get("statistic", "")).lower()


def emptied(value: Any) -> Any:
    """Return nothing, of the kind of the value.

    >>> emptied("Porto"), emptied([1.5]), emptied({"a": 1}), emptied(1.5)
    ('', [], {}, None)
    """
    return type(value)() if isinstance(value, (str, list, dict)) else None
