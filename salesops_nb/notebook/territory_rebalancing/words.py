"""What the territory report calls its measures and what is given to reps, in the reader's language."""

from __future__ import annotations

from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _


def measure_words(name: str) -> str:
    """A measure's name in the reader's language."""
    known = {"potential": _("potential"), "workload": _("workload"), "accounts": _("accounts")}
    return known.get(name, name)


def things(n: int, of: str) -> str:
    """So many of what is given to reps: units of the map, or accounts."""
    return (
        ngettext("{n} account", "{n} accounts", n)
        if of == "accounts"
        else ngettext("{n} unit", "{n} units", n)
    )
