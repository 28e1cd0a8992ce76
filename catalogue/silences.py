"""How our silences in Alertmanager are told from those of people: both sides rely on it."""

CREATED_BY = "vigia"
"""Alertmanager's ``createdBy`` of every silence that we make."""
MAINTENANCE = "maintenance:"
"""How the comment of a maintenance window's silence begins; the reason follows."""
SELF_ALERTS = (
    # of the exporter: without it nobody watches
    *("ExporterDown", "CollectorFailing", "CollectorStale", "DatapointMissing"),
    *("LogPatternNeverMatched", "CoverageIncomplete", "ExporterStateFailing"),
    *("ExporterStateLost", "CollectionStretched", "CollectionOverCap", "AwsThrottled"),
    *("ClockAhead", "ScopeFailing", "ResourceMissing", "CustomMetricNeverSeen"),
    # of the remediation service: a maintenance window must not silence its own keeper
    *("RemediationDown", "EngineStuck", "LedgerDown", "RemediationNeedsHuman"),
    *("RemediationBlocked", "ApprovalPending", "KillSwitchOn", "EscalationUndelivered"),
    *("DeliveriesTruncated", "Watchdog", "MaintenanceOverrun"),
)
"""Alerts of Vigia about itself: no silence of ours may ever match one of them."""
SECURITY_TEAM = "security"
"""The team whose alerts are not silenced by maintenance: whoever attacks likes a window too."""
SECURITY_ALERTS = ("SecurityEvents", "PermissionsChanged", "SecurityGroupOpen", "AccessKeyOld")
"""Its alerts, by which an escalation of one is known."""
ESCALATED = "escalated"
"""The label of an escalation that holds the name of the alert that it escalates."""
UNLABELLED_ALERTS = ("ProcessingIdle",)
"""Alerts on the services that name no single one."""
