"""The words and numbers of a report, in its reader's language.

Texts are written in English in the code (``_("Contents")``) and in the templates, and translated
by the gettext catalogues in ``present/locale``; they are read as they are, without a build step.
The locale and currency in force are set once, by `use_locale`, usually from the workbook.
"""

from __future__ import annotations

import gettext as catalogues
import io
import re
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from salesops_nb.errors import SalesopsError, problem

LOCALES = Path(str(files("salesops_nb.present"))) / "locale"


@dataclass(frozen=True, slots=True)
class Setting:
    """A reader's locale (``ro_RO``) and the currency of amounts that name none (``RON``)."""

    locale: str = "en_US"
    currency: str = "USD"

    @property
    def language(self) -> str:
        """The language as HTML writes it, such as ``ro-RO``."""
        return self.locale.replace("_", "-")


_setting: ContextVar[Setting | None] = ContextVar("salesops_locale", default=None)
_DEFAULT = Setting()


def setting() -> Setting:
    """The locale and currency in force; ``en_US`` and ``USD`` until `use_locale` is called.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.setting()
    Setting(locale='en_US', currency='USD')
    >>> present.setting().language
    'en-US'
    """
    return _setting.get() or _DEFAULT


def use_locale(locale: str = "en_US", currency: str = "USD") -> Setting:
    """Set the language, number format and currency of everything presented from here on.

    Parameters
    ----------
    locale : such as ``en_US``, ``en_GB`` or ``ro_RO``; ``ro-RO`` is read too.
    currency : ISO 4217 code of amounts that name none.

    Raises
    ------
    SalesopsError
        If Babel knows no such locale or currency. A known locale without a catalogue of ours
        speaks English, with its own numbers and dates.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.use_locale("de_DE", "EUR")
    Setting(locale='de_DE', currency='EUR')
    >>> present.number(1234.5)
    '1.234,50'
    >>> present.use_locale("xx")
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: 'xx' is not a locale.
    Write language and country, such as en_US or ro_RO.
    """
    from babel import Locale, UnknownLocaleError

    from salesops_nb.core.money import places

    try:
        known = str(Locale.parse(locale.replace("-", "_")))
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise SalesopsError(problem("unknown-locale", value=locale)) from error
    places(currency)
    chosen = Setting(known, currency)
    _setting.set(chosen)
    return chosen


def languages() -> list[str]:
    """Languages that have a catalogue, English included."""
    return sorted({"en", *(path.stem for path in LOCALES.glob("*.po"))})


@lru_cache(maxsize=16)
def words(locale: str) -> catalogues.NullTranslations:
    """The catalogue of a locale's language; for English, and without one, the texts themselves."""
    path = LOCALES / f"{locale.replace('-', '_').split('_')[0]}.po"
    if not path.exists():
        return catalogues.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


def _(message: str, **values: object) -> str:
    """The text in the reader's language, with its ``{name}`` places filled from `values`.

    Exported as `gettext`. A text that the catalogue lacks stays English.

    Examples
    --------
    >>> from salesops_nb import present
    >>> setting = present.use_locale("ro_RO", "RON")
    >>> present.gettext("From {first} ({a}) to {last} ({b}).", first="2017", a=10, last="2018", b=12)
    'De la 2017 (10) la 2018 (12).'
    """
    text = words(setting().locale).gettext(message)
    return text.format(**values) if values else text


gettext = _


def paragraphs(source: str) -> list[str]:
    """The paragraphs of a text cell, as catalogues hold them."""
    return [part.strip() for part in re.split(r"\n\s*\n", source) if part.strip()]


@lru_cache(maxsize=16)
def _prose(locale: str) -> dict[str, str]:
    """The catalogue's texts by their bare words, so that a comma or a line break does not orphan one."""
    catalogue = getattr(words(locale), "_catalog", {})
    found = {_bare(text): translated for text, translated in catalogue.items() if isinstance(text, str)}
    return {text: translated for text, translated in found.items() if text}


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def prose(source: str) -> str:
    """A text cell in the reader's language, paragraph by paragraph, found by its words alone."""
    known = _prose(setting().locale)
    return "".join(known.get(_bare(part), part) for part in re.split(r"(\n\s*\n)", source.strip()))
