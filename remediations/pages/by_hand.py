"""Asking for actions by hand: what there is, and opening a run whose plan waits for approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from inventory.model import Inventory
from remediations.action import Action
from remediations.asking import AskedWronglyError, intent
from remediations.ledger.deliveries import RunOpenError
from remediations.ledger.store import Ledger
from remediations.pages import views
from remediations.pages.answers import Action as Asking
from remediations.pages.answers import body, problem


def add_actions(
    pages: Blueprint,
    ledger: Ledger,
    inventory: Inventory,
    actions: Mapping[str, Action],
    wake: Callable[[], None],
    now: Callable[[], float],
) -> None:
    """Add ``/actions`` to ``pages``, which authenticates."""

    @pages.get("/actions")
    def _actions() -> ResponseReturnValue:
        return jsonify({"actions": [views.action_document(a, inventory) for a in actions.values()]})

    @pages.post("/actions/<name>")
    def _ask(name: str) -> ResponseReturnValue:
        action = actions.get(name)
        if action is None:
            return problem(404, f"there is no action '{name[:64]}'")
        asked = body(Asking)
        wanted = intent(inventory, action, asked.target, asked.params, dry=asked.dry_run)
        run_id = ledger.deliveries.ask(wanted, asked.by, now())
        wake()
        return jsonify(views.run_document(ledger.runs.existing(run_id), inventory.locale)), 202

    @pages.errorhandler(AskedWronglyError)
    def _asked_wrongly(error: AskedWronglyError) -> ResponseReturnValue:
        return problem(400, str(error))

    @pages.errorhandler(RunOpenError)
    def _run_open(error: RunOpenError) -> ResponseReturnValue:
        return problem(409, str(error))
