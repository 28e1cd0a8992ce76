"""A text in the product's two languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Locale = Literal["pt-BR", "en"]


@dataclass(frozen=True)
class Text:
    """One sentence, said in Portuguese and in English."""

    pt: str
    en: str

    def in_(self, locale: Locale) -> str:
        """Return the text in ``locale``."""
        return self.pt if locale == "pt-BR" else self.en

    def format(self, locale: Locale, **values: object) -> str:
        """Return the text in ``locale`` with its ``{placeholders}`` filled.

        Raises:
            KeyError: if a placeholder has no value.
        """
        return self.in_(locale).format(**values)


@dataclass(frozen=True)
class SectionTexts:
    """A section of the inventory in one sentence, and its own keys in one each."""

    about: Text
    keys: Mapping[str, Text]


@dataclass(frozen=True)
class Step:
    """What a person does, or looks at.

    ``commands`` are shell lines and ``queries`` questions to Prometheus, the same in every
    language. ``{placeholders}`` of commands are in ``catalogue.texts.runbooks.WORDS``.
    """

    says: Text
    commands: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
