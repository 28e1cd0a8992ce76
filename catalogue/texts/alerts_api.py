"""What the alerts on an API's health address, certificate and cache say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

PROBE_DOWN = AlertTexts(
    Text("API não responde no endereço de saúde", "API does not answer at its health address"),
    Text(
        "{api} ({stage}) não responde 2xx no endereço de saúde há {limit}.",
        "{api} ({stage}) has not answered 2xx at its health address for {limit}.",
    ),
    Text(
        "Um pedido de verdade ao endereço de saúde falha: quem usa a API também não é atendido.",
        "A real request to the health address fails: whoever uses the API is not served either.",
    ),
    (
        Text(
            "Se a função por trás da API falha, siga o roteiro de LambdaErrorsHigh.",
            "If the function behind the API fails, follow the runbook of LambdaErrorsHigh.",
        ),
        Text(
            "Confirme de fora: `curl -i ENDEREÇO_DE_SAÚDE`.",
            "Confirm it from outside: `curl -i HEALTH_ADDRESS`.",
        ),
    ),
    confirm=(
        Step(
            Text(
                "O código da resposta; sem ele não houve resposta: DNS, rede ou TLS:",
                "The answer's code; without one there was no answer: DNS, network or TLS:",
            ),
            queries=(
                "dataplatform_api_probe_status_code",
                "increase(dataplatform_lambda_errors_total[15m]) > 0",
            ),
        ),
    ),
)
CERTIFICATE_EXPIRING = AlertTexts(
    Text("Certificado da API perto de expirar", "API certificate is about to expire"),
    Text(
        "{api} ({stage}): o certificado expira em {value} (limite {limit}).",
        "{api} ({stage}): the certificate expires in {value} (limit {limit}).",
    ),
    Text(
        "Quando expirar, nenhum cliente aceitará a conexão.",
        "Once it has expired no client accepts the connection.",
    ),
    (
        Text(
            "Veja no ACM por que a renovação automática não ocorreu; em geral falta o registro DNS"
            " de validação.",
            "See in ACM why it was not renewed automatically; mostly the DNS record for validation"
            " is missing.",
        ),
    ),
)
CACHE_NOT_AVAILABLE = AlertTexts(
    Text("Cache da API indisponível", "API cache is not available"),
    Text(
        "{api} ({stage}): o cache está habilitado e não fica disponível há {limit}.",
        "{api} ({stage}): the cache is enabled and has not been available for {limit}.",
    ),
    Text(
        "As consultas vão todas às funções: mais lentas e mais caras.",
        "All requests reach the functions: slower and dearer.",
    ),
    (
        Step(
            Text(
                "Se não sair da criação, desligue o cache e ligue-o de novo:",
                "If it does not leave creation, switch the cache off and on again:",
            ),
            (
                "vigia act set_api_cache --target {API} --param enabled=false",
                "vigia act set_api_cache --target {API} --param enabled=true",
            ),
        ),
    ),
    confirm=(
        Step(
            Text("O estado do cache:", "The cache's state:"),
            queries=("dataplatform_api_cache_state == 1",),
        ),
    ),
)
