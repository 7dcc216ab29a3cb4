"""Names of columns, figures and parameters in the reader's language."""

from __future__ import annotations

from salesops_nb.present.language.translation import setting, words

SPELLED = {"crm": "CRM", "fx": "FX", "hubspot": "HubSpot", "dynamics365": "Dynamics 365"}


def term(name: str) -> str:
    """A column's or parameter's name as words: ``win_rate`` is ``Win rate``, translated where known."""
    return translated(sentence(name.replace("_", " ").strip()))


def sentence(text: str) -> str:
    """Words with a capital at their beginning, and those of `SPELLED` as they are spelled, as ``CRM``."""
    spelled = " ".join(SPELLED.get(word, word) for word in text.split(" "))
    return capital(spelled)


def capital(text: str) -> str:
    """The text with a capital at its beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def translated(text: str) -> str:
    """A label in the reader's language where a catalogue has it; otherwise as it was given."""
    return words(setting().locale).gettext(text) if text else text
