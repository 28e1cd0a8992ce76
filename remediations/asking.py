"""What a person may ask of an action, checked before anything is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from inventory.model import Inventory, Playbook
from remediations.action import Action, Risk
from remediations.ledger.deliveries import Intent
from remediations.model import BY_HAND, Run

MODES = {Risk.LOW: "auto", Risk.MEDIUM: "approve", Risk.HIGH: "shadow"}
"""The mode of a playbook that names none: what could do most harm only shows what it would do."""

_STRICTEST_FIRST = ("shadow", "approve", "auto")


def mode_of(book: Playbook, action: Action) -> str:
    """Return how far a playbook may go: as the inventory says, else by the action's risk."""
    return book.mode or MODES[action.risk]


def mode_today(run: Run, inventory: Inventory, action: Action) -> str:
    """Return how far a run may go: the stricter of when it was opened and of now.

    One whose playbook is there no more may not act at all.
    """
    if run.by_hand:
        return run.mode
    books = {book.name: book for book in inventory.playbooks}
    book = books.get(run.playbook)
    today = mode_of(book, action) if book is not None else _STRICTEST_FIRST[0]
    return min(run.mode, today, key=_STRICTEST_FIRST.index)


class AskedWronglyError(Exception):
    """What was asked for cannot be: one line says why."""


def intent(
    inventory: Inventory,
    action: Action,
    target: str | None,
    params: Mapping[str, Any],
    *,
    dry: bool,
) -> Intent:
    """Return the intent of a run by hand; ``dry`` plans only. Acting waits for its approval.

    Raises:
        AskedWronglyError: for a target that is not ours to act on, or parameters unknown to it.
    """
    owned = action.targets(inventory)
    if target is None:
        if len(owned) != 1:
            raise AskedWronglyError(f"name a target: {', '.join(owned) or 'there is none'}")
        target = owned[0]
    if target not in owned:
        raise AskedWronglyError(f"{action.name} may not act on '{target[:100]}'")
    mode = "shadow" if dry else "approve"
    return Intent(action.name, target, BY_HAND, mode, _allowed(inventory, action, params))


def _allowed(inventory: Inventory, action: Action, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as ``checked`` does, unless the inventory forbids what they name."""
    found = checked(action, params)
    problem = action.problem(inventory, action.params.model_validate(found))
    if problem is not None:
        raise AskedWronglyError(problem)
    return found


def checked(action: Action, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as plain data, each as the action wants it.

    Raises:
        AskedWronglyError: for an unknown, missing or malformed parameter.
    """
    try:
        return action.params.model_validate(dict(params)).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "params"
        raise AskedWronglyError(f"{where}: {first['msg']}") from error


def playbook_problems(inventory: Inventory, actions: Mapping[str, Action]) -> Iterator[str]:
    """Yield a line for everything that a playbook asks for and its action cannot do."""
    for book in inventory.playbooks:
        if book.name == BY_HAND:
            yield f"playbook {book.name}: the name stands for what people ask for"
        action = actions.get(book.action)
        if action is None:
            yield f"playbook {book.name}: there is no action '{book.action}'"
            continue
        owned = action.targets(inventory)
        for target in book.targets:
            if target not in owned:
                yield f"playbook {book.name}: {book.action} may not act on '{target}'"
        try:
            _allowed(inventory, action, book.params)
        except AskedWronglyError as error:
            yield f"playbook {book.name}: {error}"
