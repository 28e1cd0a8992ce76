"""What the page of the inventory says: its own words, and the meaning of every section and key."""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.text import SectionTexts, Text
from catalogue.texts.inventory_acting import ACTING
from catalogue.texts.inventory_limits import LIMITS
from catalogue.texts.inventory_resources import RESOURCES
from catalogue.texts.inventory_services import SERVICES

SECTIONS: Mapping[str, SectionTexts] = {**RESOURCES, **SERVICES, **LIMITS, **ACTING}
"""By the section's class; what a class inherits is told where it inherits it from."""
TITLE = Text("O inventário, chave por chave", "The inventory, key by key")
ABOUT = Text(
    "Toda seção e toda chave de [platform.yaml](../platform.yaml); chave desconhecida é erro. Uma"
    " duração se escreve como no Prometheus (`90s`, `5m`, `1h30m`, `30d`), uma parte é um número"
    " entre 0 e 1, um nome tem de 1 a 256 caracteres. Como se usam está em"
    " [configurar.md](configurar.md).",
    "Every section and every key of [platform.yaml](../platform.yaml); an unknown key is an error."
    " A duration is written as in Prometheus (`90s`, `5m`, `1h30m`, `30d`), a share is a number"
    " between 0 and 1, a name has 1 to 256 characters. How they are used stands in"
    " [configuring.md](configuring.md).",
)
COLUMNS = (
    Text("chave", "key"),
    Text("tipo, unidade", "type, unit"),
    Text("padrão", "default"),
    Text("restrição", "constraint"),
    Text("significado", "meaning"),
)
REQUIRED = Text("**obrigatória**", "**required**")
NONE = Text("nenhum", "none")
EMPTY = Text("vazio", "empty")
AS_THERE = Text("o de lá", "as there")
EACH = Text("cada: {constraint}", "each: {constraint}")
STANDS_AT = Text("Em: {places}.", "At: {places}.")
ONE_OF = Text("um de {values}", "one of {values}")
LIST = Text("lista de {kind}", "list of {kind}")
MAPPING = Text("nomes e {kind}", "names with {kind}")
ANYTHING = Text("valores", "values")
DURATION = Text("duração", "duration")
DOLLARS = Text("número, US$", "number, US$")
SHARE = Text("parte", "share")
NAME = Text("nome", "name")
KINDS: Mapping[type, Text] = {
    str: Text("texto", "text"),
    int: Text("inteiro", "integer"),
    float: Text("número", "number"),
    bool: Text("`true` ou `false`", "`true` or `false`"),
}
CONSTRAINTS: Mapping[str, Text] = {
    "gt": Text("maior que {value}", "greater than {value}"),
    "ge": Text("{value} ou mais", "{value} or more"),
    "lt": Text("menor que {value}", "less than {value}"),
    "le": Text("{value} ou menos", "{value} or less"),
    "pattern": Text("como `{value}`", "like `{value}`"),
    "least_characters": Text("não vazio", "not empty"),
    "most_characters": Text("{value} caracteres ou menos", "{value} characters or fewer"),
    "least_entries": Text("{value} ou mais entradas", "{value} or more entries"),
    "most_entries": Text("{value} ou menos entradas", "{value} or fewer entries"),
    "exact_entries": Text("exatamente {value} entradas", "exactly {value} entries"),
}
