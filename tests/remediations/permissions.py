"""Which permissions the actions really use: noted while tests run, judged when all have run."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from exporter.iam import action as permission
from remediations.action import Action
from remediations.app import all_actions
from remediations.model import Call, Run
from remediations.worker import Worker
from simulator.aws.server import EmbeddedAws
from tests.exporter.permissions import Judge, Notes

NOTES = Notes()
ASKED: set[tuple[str, str, str, str]] = set()
"""Action, client, operation and the JSON of the arguments that name what it is about."""
_ALSO = {
    "codedeploy:CreateDeployment": (
        *("codedeploy:GetApplicationRevision", "codedeploy:GetDeploymentConfig"),
        "codedeploy:RegisterApplicationRevision",
    ),
    "s3:CopyObject": (*("s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging"),),
    "s3:CreateMultipartUpload": ("s3:PutObjectTagging",),
    "s3:UploadPartCopy": ("s3:GetObject",),
}
"""What AWS asks of the caller beside the action that is called, by its API references."""
_ASKING = ("observe", "plan", "settled", "effect", "undo", "baseline", "judge", "healthy", "more")


class _Here(threading.local):
    name: str | None = None


_HERE = _Here()


@contextmanager
def _of(name: str) -> Iterator[None]:
    before, _HERE.name = _HERE.name, name
    try:
        yield
    finally:
        _HERE.name = before


def _noted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def noting_work(*arguments: Any) -> Any:
        with _of(name):
            return work(*arguments)

    return noting_work


def watched(action: Action) -> Action:
    """Return the action with everything that it does put down to it."""
    asked = {
        field.name: _noted(action.name, getattr(action, field.name))
        for field in fields(action)
        if field.name in _ASKING and getattr(action, field.name) is not None
    }
    own = {name: _noted(action.name, call) for name, call in action.own.items()}
    return replace(action, **asked, own=own)


@contextmanager
def noting() -> Iterator[None]:
    """Note every call to AWS that an action makes, whoever runs the engine."""
    called = BaseClient._make_api_call
    made, looked_up = Worker._make, Worker.action
    handed = EmbeddedAws.client
    known: dict[str, Action] = {}

    def client(self: EmbeddedAws, *arguments: Any, **named: Any) -> Any:
        found = handed(self, *arguments, **named)
        found.of_the_test = True
        return found

    def make_api_call(self: Any, operation: str, arguments: Any) -> Any:
        if _HERE.name is not None and not hasattr(self, "of_the_test"):
            service = self.meta.service_model.service_name
            _note(_HERE.name, service, operation, arguments)
        return called(self, operation, arguments)

    def make(self: Worker, run: Run, call: Call) -> Any:
        with _of(run.action):
            return made(self, run, call)

    def action(self: Worker, run: Run) -> Action:
        found = looked_up(self, run)
        if known.get(found.name) is None or known[found.name].observe is not found.observe:
            known[found.name] = watched(found)
        return known[found.name]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(EmbeddedAws, "client", client)
        patched.setattr(BaseClient, "_make_api_call", make_api_call)
        patched.setattr(Worker, "_make", make)
        patched.setattr(Worker, "action", action)
        yield


def _note(name: str, service: str, operation: str, arguments: Mapping[str, Any]) -> None:
    NOTES.note(name, service, operation)
    test = NOTES.used[permission(service, operation)]
    took_over(frozenset((name, one) for one in _ALSO.get(f"{service}:{operation}", ())), test)
    names = {key: value for key, value in arguments.items() if isinstance(value, str)}
    ASKED.add((name, service, operation, json.dumps(names, sort_keys=True)))


def took_over(used: frozenset[tuple[str, str]], test: str) -> None:
    """Note what was used in another process."""
    for name, allowed in used:
        NOTES.by.add((name, allowed))
        NOTES.used.setdefault(allowed, test)


def wrong(notes: Notes, actions: Mapping[str, Action], *, complete: bool) -> Iterator[str]:
    """Yield what is wrong, a line each; only a ``complete`` run can tell what is never used."""
    for name, allowed in sorted(notes.by):
        if name in actions and allowed not in (*actions[name].reads, *actions[name].writes):
            test = notes.used.get(allowed, "")
            yield f"{allowed} is used by the action '{name}' (in {test}), which does not declare it"
    if complete:
        for action in actions.values():
            for allowed in (*action.reads, *action.writes):
                if (action.name, allowed) not in notes.by:
                    yield f"{allowed} is declared by the action '{action.name}', and never used"


class ActionsJudge(Judge):
    """The pytest plugin, for the remediation suite."""

    here = Path(__file__).parent
    folder = "action_permissions"
    title = "permissions of the actions"

    def notes(self) -> Notes:
        """Return what this process noted."""
        return NOTES

    def wrong(self, notes: Notes, *, complete: bool) -> Iterator[str]:
        """Yield what is wrong."""
        return wrong(notes, all_actions(), complete=complete)
