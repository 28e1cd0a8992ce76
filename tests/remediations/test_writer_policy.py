"""The remediation service's IAM policy, and the judge of what its actions declare."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from exporter import iam
from inventory.model import Inventory
from inventory.resources import Scope
from remediations.app import all_actions
from tests.exporter.permissions import Notes
from tests.exporter.test_exporter_iam import CFN_LINT, allowed, known, linted
from tests.remediations.permissions import wrong
from vigia.writer_policy import policy

ACTIONS = all_actions()
_MANAGED = 6144


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_declare_what_exists(name: str) -> None:
    """Each permission that an action declares is one that IAM knows, and stands once."""
    action = ACTIONS[name]
    declared = (*action.reads, *action.writes)
    assert len(set(declared)) == len(declared)
    assert [one for one in declared if known(one) is None] == []
    # What an action does to InfluxDB is allowed by its token, not by IAM.
    assert action.writes or action.own


def test_changes_are_bound_to_named_resources(inventory: Inventory) -> None:
    """Nothing may be changed on "*" but by what knows no resources."""
    document = policy(inventory, ACTIONS.values())
    granted = {name for statement in document["Statement"] for name in statement["Action"]}
    assert granted == {n for a in ACTIONS.values() for n in (*a.reads, *a.writes)}
    for statement in document["Statement"]:
        for name in statement["Action"]:
            knows = bool((known(name) or {}).get("Resources"))
            assert ("*" in statement["Resource"]) is not knows, name


def test_the_platforms_policy_fits_and_is_valid(inventory: Inventory, tmp_path: Path) -> None:
    """The policy is short enough for a managed one, and cfn-lint finds nothing wrong with it."""
    document = policy(inventory, ACTIONS.values())
    assert len(json.dumps(document, separators=(",", ":"))) <= _MANAGED
    if not CFN_LINT.exists():
        pytest.skip("cfn-lint is not installed beside this Python; run 'make setup'")
    assert linted(document, tmp_path) == ""


def test_many_functions_are_named_each(inventory: Inventory) -> None:
    """However many names there are, one that only begins alike may not be changed."""
    base = inventory.functions[0]
    many = tuple(base.model_copy(update={"name": f"ons-{number}"}) for number in range(40))
    document = policy(inventory.model_copy(update={"functions": many}), ACTIONS.values())
    start = "arn:aws:lambda:us-east-1:123456789012:function:ons-"
    assert allowed(document, "lambda:UpdateAlias", f"{start}39")
    assert not allowed(document, "lambda:UpdateAlias", f"{start}of-others")


def test_other_accounts_are_left_alone(inventory: Inventory) -> None:
    """Accounts that are only watched give the writer nothing, not even their role."""
    south = Scope(
        name="south",
        account="210987654321",
        region="sa-east-1",
        role_arn="arn:aws:iam::210987654321:role/vigia-reader",
    )
    document = policy(inventory.model_copy(update={"scopes": (south,)}), ACTIONS.values())
    assert south.account not in json.dumps(document)


def test_a_main_role_may_be_assumed(inventory: Inventory) -> None:
    """Where the main account is acted on through a role, the process may assume it, once."""
    role = "arn:aws:iam::123456789012:role/vigia"
    aws = inventory.aws.model_copy(update={"role_arn": role})
    document = policy(inventory.model_copy(update={"aws": aws}), ACTIONS.values())
    assert allowed(document, iam.ASSUME_ROLE, role)
    assert json.dumps(document).count(role) == 1


def test_the_judge_names_what_actions_do_not_say() -> None:
    """An undeclared call is named with its action and test, an unused permission at the end."""
    action = replace(
        ACTIONS["set_log_retention"], reads=("logs:DescribeLogGroups",), writes=("logs:Unused",)
    )
    notes = Notes()
    notes.note(action.name, "logs", "DescribeLogGroups")
    notes.note(action.name, "logs", "DeleteLogGroup")
    known_actions = {action.name: action}
    (line,) = wrong(notes, known_actions, complete=False)
    assert line.startswith("logs:DeleteLogGroup is used by the action 'set_log_retention'")
    assert list(wrong(notes, known_actions, complete=True))[1:] == [
        "logs:Unused is declared by the action 'set_log_retention', and never used"
    ]
