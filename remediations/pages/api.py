"""``/v1``: intake, runs, decisions, approvals and the kill switch; nothing unauthenticated."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from inventory.model import Inventory
from remediations.action import Action
from remediations.alertmanager import Alertmanager
from remediations.intake import MalformedError, read_webhook
from remediations.ledger.runs import NotPossibleError
from remediations.ledger.store import Ledger
from remediations.ledger.switches import Switch
from remediations.maintenance import Maintenance
from remediations.model import Decision, Run
from remediations.pages import views
from remediations.pages.answers import (
    Approval,
    Asked,
    BadRequestError,
    Switching,
    body,
    problem,
)
from remediations.pages.by_hand import add_actions
from remediations.pages.maintenance import add_maintenance
from web.security import Guesses, verified


def api(  # noqa: C901 one small function for each route, over the same dependencies
    ledger: Ledger,
    inventory: Inventory,
    actions: Mapping[str, Action],
    maintenance: Maintenance,
    alertmanager: Alertmanager,
    allowed: Callable[[str | None], bool],
    wake: Callable[[], None],
    now: Callable[[], float],
    *,
    certificates: bool = False,
) -> Blueprint:
    """Return the blueprint; ``allowed`` checks an Authorization header.

    With ``certificates`` a client whose certificate TLS has verified needs no token.
    """
    pages = Blueprint("api", __name__, url_prefix="/v1")
    locale, guesses = inventory.locale, Guesses()

    @pages.before_request
    def _authenticate() -> ResponseReturnValue | None:
        if certificates and verified(request.environ):
            return None
        header = request.headers.get("Authorization")
        if header is None:
            return problem(401, "a bearer token is needed")
        wait = guesses.wait(request.remote_addr)
        if not wait:
            if allowed(header):
                return None
            guesses.wrong(request.remote_addr)
            return problem(403, "the token is not known")
        answer = problem(429, "too many wrong tokens from this address; none is looked at now")
        answer.headers["Retry-After"] = str(wait)
        # Whoever guesses pays for a new connection, and for its handshake, each time.
        answer.headers["Connection"] = "close"
        return answer

    @pages.errorhandler(SQLAlchemyError)
    def _ledger_away(_error: SQLAlchemyError) -> ResponseReturnValue:
        return problem(503, "the ledger does not answer")

    @pages.errorhandler(BadRequestError)
    def _bad_request(error: BadRequestError) -> ResponseReturnValue:
        return problem(400, str(error))

    @pages.errorhandler(NotPossibleError)
    def _not_possible(error: NotPossibleError) -> ResponseReturnValue:
        return problem(404 if "there is no run" in str(error) else 409, str(error))

    @pages.post("/alerts")
    def _receive() -> ResponseReturnValue:
        try:
            deliveries, truncated = read_webhook(request.get_data(), inventory, actions)
        except MalformedError as error:
            return problem(400, str(error))
        receipts = ledger.deliveries.receive(deliveries, truncated, now())
        if any(r.decision is Decision.ACCEPTED and r.run_id for r in receipts):
            # Only for a new run: in a storm the engine would look once for every webhook.
            wake()
        counts = {
            decision.value: sum(receipt.decision is decision for receipt in receipts)
            for decision in Decision
        }
        return jsonify({**counts, "runs": sorted({r.run_id for r in receipts if r.run_id})}), 202

    @pages.get("/runs")
    def _runs() -> ResponseReturnValue:
        if unknown := sorted(set(request.args) - {"open"}):
            return problem(400, f"'{unknown[0][:64]}' is not a parameter")
        wanted = request.args.get("open", "false")
        if wanted not in ("true", "false"):
            return problem(400, "open is true or false")
        found = ledger.facts.runs(open_only=wanted == "true")
        return jsonify({"runs": [views.run_document(run, locale) for run in found]})

    @pages.get("/runs/<run_id>")
    def _run(run_id: str) -> ResponseReturnValue:
        return jsonify(views.full_document(ledger, ledger.runs.existing(run_id), locale))

    @pages.post("/runs/<run_id>/approve")
    def _approve(run_id: str) -> ResponseReturnValue:
        asked = body(Approval)
        return _decided(ledger.runs.approve(run_id, asked.plan_hash, asked.by, now()))

    @pages.post("/runs/<run_id>/reject")
    def _reject(run_id: str) -> ResponseReturnValue:
        return _decided(ledger.runs.reject(run_id, body(Asked).by, now()))

    @pages.post("/runs/<run_id>/cancel")
    def _cancel(run_id: str) -> ResponseReturnValue:
        return _decided(ledger.runs.cancel(run_id, body(Asked).by, now()))

    @pages.get("/why/<fingerprint>")
    def _why(fingerprint: str) -> ResponseReturnValue:
        document = views.why_document(ledger, fingerprint, locale)
        if document is None:
            return problem(404, f"no alert with fingerprint {fingerprint[:64]} was delivered")
        return jsonify(document)

    add_actions(pages, ledger, inventory, actions, wake, now)
    add_maintenance(pages, maintenance, alertmanager, locale, wake)

    @pages.post("/pause")
    def _pause() -> ResponseReturnValue:
        return _switch(engaged=True)

    @pages.post("/resume")
    def _resume() -> ResponseReturnValue:
        return _switch(engaged=False)

    def _switch(*, engaged: bool) -> ResponseReturnValue:
        asked = body(Switching)
        ledger.switches.set(
            Switch.PAUSE, engaged=engaged, by=asked.by, reason=asked.reason, now=now()
        )
        wake()
        return jsonify({"paused": engaged})

    def _decided(run: Run) -> ResponseReturnValue:
        wake()
        return jsonify(views.run_document(run, locale))

    return pages


def problem_of(error: HTTPException) -> Response:
    """Return werkzeug's refusals in the API's form."""
    answer = problem(error.code or 500, error.description or error.name)
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return answer
