"""What the page of the inventory says: its own words, and the meaning of every section and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.text import SectionTexts, Text
from catalogue.texts.inventory_acting import ACTING
from catalogue.texts.inventory_limits import LIMITS
from catalogue.texts.inventory_resources import RESOURCES
from catalogue.texts.inventory_services import SERVICES


@dataclass(frozen=True)
class Kind:
    """A type's name, and what its constraints do not say."""

    name: Text
    about: Text | None = None


SECTIONS: Mapping[str, SectionTexts] = {**RESOURCES, **SERVICES, **LIMITS, **ACTING}
"""By the section's class; what a class inherits is told where it inherits it from."""
NAMED: Mapping[str, Text] = {
    "Inventory": Text("O arquivo", "The file"),
    "Contact": Text("Um contato", "A contact"),
    "Threshold": Text("Um limite com janela", "A limit with a window"),
    "Objective": Text("Um objetivo", "An objective"),
    "LatencyObjective": Text("Um objetivo de latência", "A latency objective"),
}
"""What sections are called that no single place in the file could stand for."""
TITLE = Text("O inventário, chave por chave", "The inventory, key by key")
ABOUT = Text(
    "Toda seção e toda chave de [platform.yaml](../platform.yaml), na ordem do modelo; chave"
    " desconhecida é erro. `[]` marca as entradas de uma lista. O que as chaves fazem juntas está"
    " em [configurar.md](configurar.md).",
    "Every section and every key of [platform.yaml](../platform.yaml), in the model's order; an"
    " unknown key is an error. `[]` marks the entries of a list. What the keys do together stands"
    " in [configuring.md](configuring.md).",
)
COLUMNS = (
    Text("chave", "key"),
    Text("tipo, unidade", "type, unit"),
    Text("padrão", "default"),
    Text("restrição", "constraint"),
    Text("significado", "meaning"),
)
KINDS_TITLE = Text("Tipos com nome", "Types with a name")
KIND_COLUMNS = (
    Text("tipo", "type"),
    Text("escreve-se como", "written as"),
    Text("restrição", "constraint"),
)
KINDS: Mapping[str, Kind] = {
    "duration": Kind(
        Text("duração", "duration"),
        Text(
            "maior que zero; `ms`, `s`, `m`, `h`, `d`, `w`, `y`, como em `90s`, `1h30m`, `30d`",
            "longer than zero; `ms`, `s`, `m`, `h`, `d`, `w`, `y`, as in `90s`, `1h30m`, `30d`",
        ),
    ),
    "share": Kind(Text("parte", "share")),
    "name": Kind(Text("nome", "name")),
    "word": Kind(Text("palavra", "word")),
    "account": Kind(
        Text("conta", "account"),
        Text("entre aspas, ou o YAML lê um número", "in quotes, or YAML reads a number"),
    ),
    "url": Kind(Text("URL", "URL")),
    "path": Kind(Text("caminho", "path")),
    "time": Kind(
        Text("hora", "time of day"),
        Text("entre aspas, ou o YAML lê um número", "in quotes, or YAML reads a number"),
    ),
    "role_arn": Kind(Text("ARN de papel", "ARN of a role")),
    "topic_arn": Kind(Text("ARN de tópico", "ARN of a topic")),
}
"""Types of values that the model names, explained once."""
DURATION_TYPE = Text("números com unidade", "numbers with units")
TYPES: Mapping[type, Text] = {
    str: Text("texto", "text"),
    int: Text("inteiro", "integer"),
    float: Text("número", "number"),
    bool: Text("`true` ou `false`", "`true` or `false`"),
}
REQUIRED = Text("**obrigatória**", "**required**")
NONE = Text("nenhum", "none")
OWN_DEFAULTS = Text("os da seção", "the section's own")
EACH = Text("cada: {constraint}", "each: {constraint}")
STANDS_AT = Text("Em {places}.", "At {places}.")
ONE_OF = Text("um de {values}", "one of {values}")
LIST = Text("lista; cada entrada: {kind}", "list; each entry: {kind}")
MAPPING = Text(
    "mapeamento; chave: {key}; valor: {value}", "mapping; each key: {key}; each value: {value}"
)
ANYTHING = Text("qualquer um", "anything")
CONSTRAINTS: Mapping[str, Text] = {
    "gt": Text("maior que {value}", "greater than {value}"),
    "ge": Text("{value} ou mais", "{value} or more"),
    "lt": Text("menor que {value}", "less than {value}"),
    "le": Text("{value} ou menos", "{value} or less"),
    "pattern": Text("como `{value}`", "like `{value}`"),
    "min_length_characters": Text("{value} ou mais caracteres", "{value} or more characters"),
    "max_length_characters": Text("{value} caracteres ou menos", "{value} characters or fewer"),
    "min_length_entries": Text("{value} ou mais entradas", "{value} or more entries"),
    "max_length_entries": Text("{value} entradas ou menos", "{value} entries or fewer"),
    "exact_entries": Text("exatamente {value} entradas", "exactly {value} entries"),
    "exact_characters": Text("exatamente {value} caracteres", "exactly {value} characters"),
}
