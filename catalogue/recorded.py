"""Recorded series that more than the rules rely on: dashboards and the action engine ask for them.

``recent`` is the regression window of the inventory: its number of periods plus one.
``lookback`` is the regression look-back.
"""

from __future__ import annotations

from catalogue.metrics import RecordedSpec
from catalogue.text import Text

FILES_PROCESSED_RATE1H = RecordedSpec(
    "dataplatform:files_processed:rate1h",
    (),
    Text("Arquivos processados por hora", "Files processed per hour"),
)
COST_PER_1000_FILES = RecordedSpec(
    "dataplatform:cost_per_1000_files:usd",
    (),
    Text(
        "Dólares por 1.000 arquivos: o custo de ontem (UTC) sobre os arquivos das últimas 24 horas",
        "Dollars per 1,000 files: yesterday's cost (UTC) over the files of the last 24 hours",
    ),
)
LAMBDA_ERRORS_RECENT = RecordedSpec(
    "dataplatform:lambda_errors:recent",
    ("function",),
    Text("Invocações com falha na janela recente", "Failed invocations in the recent window"),
)
LAMBDA_INVOCATIONS_RECENT = RecordedSpec(
    "dataplatform:lambda_invocations:recent",
    ("function",),
    Text("Invocações na janela recente", "Invocations in the recent window"),
)
LAMBDA_ERROR_RATIO_RECENT = RecordedSpec(
    "dataplatform:lambda_error_ratio:recent",
    ("function",),
    Text("Razão de falhas na janela recente", "Ratio of failures in the recent window"),
)
LAMBDA_VERSION_ERRORS = RecordedSpec(
    "dataplatform:lambda_version_errors:lookback",
    ("function", "alias", "version"),
    Text("Falhas por versão na janela de análise", "Failures by version in the look-back"),
)
LAMBDA_VERSION_INVOCATIONS = RecordedSpec(
    "dataplatform:lambda_version_invocations:lookback",
    ("function", "alias", "version"),
    Text("Invocações por versão na janela de análise", "Invocations by version in the look-back"),
)
