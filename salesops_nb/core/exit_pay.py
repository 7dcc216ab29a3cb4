"""Whether what a person owes may be taken from their last pay: nowhere, unless the workbook says where.

Places are ISO 3166 codes: a country (`DE`) or a part of one (`US-CA`). This is no legal advice: the table
names places known to restrict it, so that a general permission never covers them.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from salesops_nb.messages import Message, message

PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
RESTRICTED = {
    # Labor Code sections 201, 221 and 224; Barnhill v. Robert Saunders & Co. (1981) 125 Cal.App.3d 1: a debt
    # may not be set off in full against final wages, even where the employee agreed to it before
    "US-CA": "California Labor Code 201, 221 and 224",
    # Labor Law section 193; 12 NYCRR 195-5.2: advances are deducted only as agreed in writing beforehand
    "US-NY": "New York Labor Law 193 and 12 NYCRR 195-5.2",
    # no set-off against pay that cannot be attached: section 394 BGB, section 850c ZPO, section 107 (2) GewO
    "DE": "Germany, 394 BGB with 850c ZPO",
}
NAMES = {"US": {"california": "CA", "new york": "NY"}}  # regions written out, where a rule hangs on them


def place_of(country: object, region: object = None) -> str | None:
    """A person's place by `country` (`US`, `US-CA`) and `region` (`CA`, `California`); None: not known."""
    text = str(country).strip().upper() if isinstance(country, str) else ""
    if not PLACE.fullmatch(text):
        return None
    if "-" in text or not isinstance(region, str):
        return text
    part = NAMES.get(text, {}).get(region.strip().lower(), region.strip().upper())
    return f"{text}-{part}" if PLACE.fullmatch(f"{text}-{part}") and len(part) == 2 else text


def may_not_net(place: str | None, allowed: Collection[str]) -> Message | None:
    """Why what is owed is not taken from the last pay in a place; ``None`` where it may be."""
    if place is None:
        return message("people does not say the country")
    country = place.partition("-")[0]
    law = RESTRICTED.get(place) or RESTRICTED.get(country)
    if law is not None:
        return message("restricted by {law}", law=law)
    if place == country and place in allowed and any(one.startswith(f"{country}-") for one in RESTRICTED):
        return message("people does not say which part of {country}, and some restrict it", country=country)
    if place in allowed or country in allowed:
        return None
    return message("pay_policy does not allow it in {place}", place=place)
