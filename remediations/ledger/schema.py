"""The ledger's tables, and the migrations that make them on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from storage.migrations import Migration

COMPONENT = "ledger"
GENESIS = "0" * 64
"""What the first row of the audit chain follows."""

MIGRATIONS = (
    Migration(
        1,
        (
            """CREATE TABLE deliveries (
                id VARCHAR(40) PRIMARY KEY, delivery_key VARCHAR(64) NOT NULL,
                fingerprint VARCHAR(64) NOT NULL, status VARCHAR(16) NOT NULL,
                alertname VARCHAR(256) NOT NULL, labels TEXT NOT NULL,
                starts_at DOUBLE PRECISION NOT NULL, received_at DOUBLE PRECISION NOT NULL,
                decision VARCHAR(16) NOT NULL, reason VARCHAR(64), detail TEXT,
                run_id VARCHAR(40), target VARCHAR(256))""",
            # A repeated delivery is recorded as a duplicate; only the first may decide.
            """CREATE UNIQUE INDEX deliveries_once ON deliveries (delivery_key)
                WHERE decision <> 'duplicate'""",
            "CREATE INDEX deliveries_fingerprint ON deliveries (fingerprint, received_at)",
            "CREATE INDEX deliveries_received ON deliveries (received_at)",
            """CREATE TABLE runs (
                id VARCHAR(40) PRIMARY KEY, action VARCHAR(64) NOT NULL,
                target VARCHAR(256) NOT NULL, playbook VARCHAR(64) NOT NULL,
                mode VARCHAR(16) NOT NULL, fingerprint VARCHAR(64) NOT NULL, alert TEXT NOT NULL,
                starts_at DOUBLE PRECISION NOT NULL, state VARCHAR(32) NOT NULL,
                outcome VARCHAR(32), reason VARCHAR(64), detail TEXT, plan TEXT,
                plan_hash VARCHAR(64), approved_by VARCHAR(256), params TEXT NOT NULL,
                baseline TEXT, created_at DOUBLE PRECISION NOT NULL,
                updated_at DOUBLE PRECISION NOT NULL, next_at DOUBLE PRECISION NOT NULL,
                intended_at DOUBLE PRECISION, applied_at DOUBLE PRECISION,
                closed_at DOUBLE PRECISION, epoch INTEGER NOT NULL, lease_owner VARCHAR(128),
                lease_until DOUBLE PRECISION)""",
            # One intent at a time on one target, whatever the deliveries say.
            """CREATE UNIQUE INDEX runs_one_open ON runs (action, target)
                WHERE state <> 'closed'""",
            "CREATE INDEX runs_due ON runs (state, next_at)",
            "CREATE INDEX runs_fingerprint ON runs (fingerprint)",
            """CREATE TABLE steps (
                run_id VARCHAR(40) NOT NULL REFERENCES runs (id), purpose VARCHAR(8) NOT NULL,
                number INTEGER NOT NULL, service VARCHAR(64) NOT NULL,
                operation VARCHAR(64) NOT NULL, arguments TEXT NOT NULL,
                state VARCHAR(16) NOT NULL, attempts INTEGER NOT NULL, request_id VARCHAR(128),
                error TEXT, intended_at DOUBLE PRECISION, settled_at DOUBLE PRECISION,
                PRIMARY KEY (run_id, purpose, number))""",
            """CREATE TABLE samples (
                run_id VARCHAR(40) NOT NULL REFERENCES runs (id),
                sampled_at DOUBLE PRECISION NOT NULL, verdict VARCHAR(16) NOT NULL,
                readings TEXT NOT NULL, PRIMARY KEY (run_id, sampled_at))""",
            """CREATE TABLE verdicts (
                target VARCHAR(256) NOT NULL, version VARCHAR(128) NOT NULL,
                healthy INTEGER NOT NULL, judged_at DOUBLE PRECISION NOT NULL,
                run_id VARCHAR(40) NOT NULL, PRIMARY KEY (target, version))""",
            """CREATE TABLE escalations (
                id VARCHAR(40) PRIMARY KEY, run_id VARCHAR(40) NOT NULL,
                reason VARCHAR(64) NOT NULL, labels TEXT NOT NULL, annotations TEXT NOT NULL,
                created_at DOUBLE PRECISION NOT NULL, next_at DOUBLE PRECISION NOT NULL,
                attempts INTEGER NOT NULL, sent_at DOUBLE PRECISION, error TEXT)""",
            "CREATE UNIQUE INDEX escalations_once ON escalations (run_id, reason)",
            """CREATE TABLE switches (
                name VARCHAR(64) PRIMARY KEY, engaged INTEGER NOT NULL, changed_by VARCHAR(256),
                reason TEXT, changed_at DOUBLE PRECISION NOT NULL, until_at DOUBLE PRECISION)""",
            """CREATE TABLE counts (name VARCHAR(64) PRIMARY KEY, total BIGINT NOT NULL)""",
            """CREATE TABLE audit (
                seq BIGINT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, kind VARCHAR(64) NOT NULL,
                run_id VARCHAR(40), body TEXT NOT NULL, previous VARCHAR(64) NOT NULL,
                hash VARCHAR(64) NOT NULL)""",
        ),
    ),
    Migration(
        2,
        (
            "CREATE TABLE audit_head (seq BIGINT NOT NULL, hash VARCHAR(64) NOT NULL)",
            """INSERT INTO audit_head SELECT COALESCE(MAX(seq), 0), COALESCE(
                (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1),
                '0000000000000000000000000000000000000000000000000000000000000000') FROM audit""",
        ),
    ),
    Migration(
        3,
        (
            "DROP INDEX runs_one_open",
            # What a person asks for takes no alert's place, and what only shows takes nobody's.
            """CREATE UNIQUE INDEX runs_one_open ON runs
                (action, target, (CASE WHEN playbook = 'by_hand' THEN 1 ELSE 0 END))
                WHERE state <> 'closed' AND NOT (playbook = 'by_hand' AND mode = 'shadow')""",
            "ALTER TABLE runs ADD COLUMN held_until DOUBLE PRECISION",
            "ALTER TABLE steps ADD COLUMN told TEXT",
        ),
    ),
)


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


DELIVERIES = _table(
    "deliveries",
    *("id", "delivery_key", "fingerprint", "status", "alertname", "labels", "starts_at"),
    *("received_at", "decision", "reason", "detail", "run_id", "target"),
)
RUNS = _table(
    "runs",
    *("id", "action", "target", "playbook", "mode", "fingerprint", "alert", "starts_at", "state"),
    *("outcome", "reason", "detail", "plan", "plan_hash", "approved_by", "params", "baseline"),
    *("created_at", "updated_at", "next_at", "intended_at", "applied_at", "closed_at", "epoch"),
    *("lease_owner", "lease_until", "held_until"),
)
STEPS = _table(
    "steps",
    *("run_id", "purpose", "number", "service", "operation", "arguments", "state", "attempts"),
    *("request_id", "error", "intended_at", "settled_at", "told"),
)
SAMPLES = _table("samples", "run_id", "sampled_at", "verdict", "readings")
VERDICTS = _table("verdicts", "target", "version", "healthy", "judged_at", "run_id")
ESCALATIONS = _table(
    "escalations",
    *("id", "run_id", "reason", "labels", "annotations", "created_at", "next_at", "attempts"),
    *("sent_at", "error"),
)
SWITCHES = _table("switches", "name", "engaged", "changed_by", "reason", "changed_at", "until_at")
COUNTS = _table("counts", "name", "total")
AUDIT = _table("audit", "seq", "at", "kind", "run_id", "body", "previous", "hash")
AUDIT_HEAD = _table("audit_head", "seq", "hash")


def dumps(value: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
