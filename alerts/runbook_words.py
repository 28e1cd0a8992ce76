"""Commands of runbooks: names of the inventory filled in, and what the alert names explained."""

from __future__ import annotations

import json
import re
import shlex
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alerts.rule import AlertRule
from catalogue.text import Locale, Step, Text
from catalogue.texts import runbooks as texts
from inventory.model import Inventory, Playbook
from remediations.action import Action

_ACT = re.compile(r"vigia act (\w+)")
_TARGET = re.compile(r"vigia act (\w+) --target \{(\w+)\}")


@dataclass(frozen=True)
class Writer:
    """Writes one alert's steps in one language."""

    inventory: Inventory
    rule: AlertRule
    actions: Mapping[str, Action]
    locale: Locale

    def steps(self, steps: Iterable[Text | Step]) -> str:
        """Return a list with each step's commands and queries as blocks.

        Left out are commands for which the inventory has no name, and steps that lose all of them.
        """
        return "\n".join(self._paragraphs(steps))

    def _paragraphs(self, steps: Iterable[Text | Step]) -> Iterator[str]:
        before = ""
        for line in (line for step in steps for line in self._step(step)):
            if line or before:
                yield line
            before = line

    def _step(self, step: Text | Step) -> Iterator[str]:
        if isinstance(step, Text):
            yield f"- {step.in_(self.locale)}"
            return
        commands = [line for line in map(self._fill, step.commands) if line is not None]
        if not commands and not step.queries:
            return
        yield f"- {step.says.in_(self.locale)}"
        if commands:
            yield from _block("sh", commands)
        for query in step.queries:
            yield from _block("promql", [query])

    def legend(self, steps: Iterable[Text | Step]) -> str:
        """Return what the words in capitals stand for that the steps' commands use."""
        found: dict[str, str] = {}
        for command in commands_of(steps):
            if self._fill(command) is not None:
                for name in _fields(command):
                    if name in texts.WORDS and self._name(name, command) is None:
                        found.setdefault(name, self._where(name, command))
        if not found:
            return ""
        words = (f"`{texts.WORDS[n].word.in_(self.locale)}` {w}" for n, w in found.items())
        return texts.CAPITALS.format(self.locale, words="; ".join(words))

    def same(self, book: Playbook) -> Step:
        """Return how to ask by hand for what a playbook does."""
        action = self.actions[book.action]
        # Asked with placeholders for labels, an action says which of them it takes its target from.
        labels = {word.label: f"{{{name}}}" for name, word in texts.WORDS.items() if word.label}
        named = action.target(labels)
        target = named if named in labels.values() else book.targets[0]
        params = "".join(
            f" --param {shlex.quote(f'{key}={_value(value)}')}"
            for key, value in book.params.items()
        )
        braced = params.replace("{", "{{").replace("}", "}}")
        return Step(texts.SAME, (f"vigia act {book.action} --target {target}{braced}",))

    def _fill(self, command: str) -> str | None:
        known = {name: self._word(name, command) for name in _fields(command)}
        if None in known.values():
            return None
        return command.format(**known)

    def _word(self, name: str, command: str) -> str | None:
        found = self._name(name, command)
        if found is not None or name not in texts.WORDS:
            return found
        if self._choice(name, command) == ():
            return None
        return texts.WORDS[name].word.in_(self.locale)

    def _name(self, name: str, command: str) -> str | None:
        """Return the name of the inventory that takes the word's place, if there is but one."""
        if name not in texts.WORDS:
            return _own(self.inventory).get(name)
        if texts.WORDS[name].label in self.rule.expr.labels:
            return None
        choice = self._choice(name, command)
        return choice[0] if choice is not None and len(choice) == 1 else None

    def _choice(self, name: str, command: str) -> tuple[str, ...] | None:
        """Return all that the word may stand for; None where the inventory does not say."""
        asked = _TARGET.match(command)
        if asked is not None and asked[2] == name:
            return self.actions[asked[1]].targets(self.inventory)
        if name == "FLAG":
            return tuple(flag.name for flag in self.inventory.appconfig.flags)
        return None

    def _where(self, name: str, command: str) -> str:
        word = texts.WORDS[name]
        if word.label in self.rule.expr.labels:
            return texts.FROM_LABEL.format(self.locale, label=word.label)
        choice = self._choice(name, command)
        if choice is None:
            return word.where.in_(self.locale)
        return texts.ONE_OF.format(self.locale, names=", ".join(f"`{one}`" for one in choice))


def commands_of(steps: Iterable[Text | Step]) -> Iterator[str]:
    """Yield the steps' commands as they are written, with placeholders."""
    for step in steps:
        if isinstance(step, Step):
            yield from step.commands


def acts_of(steps: Iterable[Text | Step]) -> tuple[str, ...]:
    """Return the actions that the steps' commands take, each once."""
    found = (match[1] for match in map(_ACT.match, commands_of(steps)) if match)
    return tuple(dict.fromkeys(found))


def _own(inventory: Inventory) -> dict[str, str]:
    found = {
        "instance": inventory.influxdb.instance,
        "influx_bucket": inventory.influxdb.bucket,
        "application": inventory.codedeploy.application,
        "maintenance_flag": inventory.appconfig.maintenance_flag,
    }
    return {name: value for name, value in found.items() if value is not None}


def _fields(command: str) -> tuple[str, ...]:
    return tuple(name for _, name, _, _ in string.Formatter().parse(command) if name)


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _block(language: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"  ```{language}", *(f"  {line}" for line in lines), "  ```", "")
