"""What a notice to people says, as Alertmanager's templates."""

from __future__ import annotations

from catalogue.text import Text

SUBJECT = Text(
    '{{ if eq .Status "resolved" }}Resolvido: {{ end }}{{ .CommonAnnotations.summary }}'
    " ({{ .CommonLabels.environment }})",
    '{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ .CommonAnnotations.summary }}'
    " ({{ .CommonLabels.environment }})",
)
BODY = Text(
    "{{ range .Alerts }}{{ .Annotations.description }}\n"
    "Roteiro: {{ .Annotations.runbook_url }}\n"
    "Painel: {{ .Annotations.dashboard_url }}\n"
    "{{ end }}",
    "{{ range .Alerts }}{{ .Annotations.description }}\n"
    "Runbook: {{ .Annotations.runbook_url }}\n"
    "Dashboard: {{ .Annotations.dashboard_url }}\n"
    "{{ end }}",
)
