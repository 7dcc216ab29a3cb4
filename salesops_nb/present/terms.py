"""The trade's common names of columns and parameters, in the reader's language."""

from __future__ import annotations

from functools import lru_cache

from salesops_nb.present.words import _, setting, words

SPELLED = {"crm": "CRM", "fx": "FX", "hubspot": "HubSpot", "dynamics365": "Dynamics 365"}


def term(name: str) -> str:
    """A column's or parameter's name as words: ``win_rate`` is ``Win rate``, translated where known."""
    return translated(sentence(name.replace("_", " ").strip()))


def sentence(text: str) -> str:
    """Words with a capital at their beginning, and those of `SPELLED` as they are spelled, as ``CRM``."""
    spelled = " ".join(SPELLED.get(word, word) for word in text.split(" "))
    return spelled[:1].upper() + spelled[1:]


def translated(text: str) -> str:
    """A label in the reader's language where it is one of the trade's; otherwise as it was given."""
    known = _terms(setting().locale).get(text)
    if known is not None or not text:
        return known or text
    # names of parameters and their choices, which their classes hold
    return words(setting().locale).gettext(text)


@lru_cache(maxsize=8)
def _terms(locale: str) -> dict[str, str]:
    """Every known name with its words in the locale's language (the one in force when it is asked)."""
    known = {
        "Crm": "CRM",
        "Hubspot": "HubSpot",
        "Dynamics365": "Dynamics 365",
        "Recorded as": _("Recorded as"),
        "Unallocated": _("Unallocated"),
        "This period": _("This period"),
        "Products new or gone": _("Products new or gone"),
        "Price": _("Price"),
        "Mix": _("Mix"),
        "Volume": _("Volume"),
        "Sales velocity (a day)": _("Sales velocity (a day)"),
        "Sales velocity": _("Sales velocity"),
        "Time to win (days)": _("Time to win (days)"),
        "Time to win": _("Time to win"),
        "Pipeline coverage": _("Pipeline coverage"),
        "Win rate, shrunk": _("Win rate, shrunk"),
        "By segment": _("By segment"),
        "By product": _("By product"),
        "Reps": _("Reps"),
        "Teams": _("Teams"),
        "Account": _("Account"),
        "Amount": _("Amount"),
        "As of": _("As of"),
        "Attainment": _("Attainment"),
        "Average deal": _("Average deal"),
        "Bookings": _("Bookings"),
        "Closed on": _("Closed on"),
        "Company": _("Company"),
        "Compare to": _("Compare to"),
        "Coverage": _("Coverage"),
        "Created on": _("Created on"),
        "Currency": _("Currency"),
        "Days": _("Days"),
        "Deal": _("Deal"),
        "Deal type": _("Deal type"),
        "Deals": _("Deals"),
        "Difference": _("Difference"),
        "High": _("High"),
        "Level": _("Level"),
        "Lost": _("Lost"),
        "Low": _("Low"),
        "Manager": _("Manager"),
        "Metric": _("Metric"),
        "Month": _("Month"),
        "Name": _("Name"),
        "Open": _("Open"),
        "Outcome": _("Outcome"),
        "Owner": _("Owner"),
        "Period": _("Period"),
        "Pipeline": _("Pipeline"),
        "Product": _("Product"),
        "Quantity": _("Quantity"),
        "Quarter": _("Quarter"),
        "Reason": _("Reason"),
        "Region": _("Region"),
        "Rep": _("Rep"),
        "Role": _("Role"),
        "Run id": _("Run id"),
        "Segment": _("Segment"),
        "Share": _("Share"),
        "Stage": _("Stage"),
        "Status": _("Status"),
        "Structure": _("Structure"),
        "Target": _("Target"),
        "Team": _("Team"),
        "Territory": _("Territory"),
        "Value": _("Value"),
        "Who": _("Who"),
        "Win rate": _("Win rate"),
        "Won": _("Won"),
        "Workbook": _("Workbook"),
        "Year": _("Year"),
    }
    assert locale == setting().locale
    return known
