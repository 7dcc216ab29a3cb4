"""The language in which a command writes problems: that of the workbook it was called for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesops_nb.workbook import Settings


def write_in_language_of(settings: Settings) -> None:
    """Problems are written in the workbook's language from here on."""
    from salesops_nb.present.language.translation import use_locale  # `--help` does without Babel

    use_locale(settings.locale, settings.currency)
