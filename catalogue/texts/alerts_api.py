"""What the alerts on an API's health address, certificate and cache say."""

from __future__ import annotations

from catalogue.text import Text
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
            "Veja o código em `dataplatform_api_probe_status_code`; sem código, não houve resposta:"
            " DNS, rede ou TLS.",
            "See the code in `dataplatform_api_probe_status_code`; without one there was no answer:"
            " DNS, network or TLS.",
        ),
        Text(
            "Veja se a função por trás da API falha e o que foi implantado há pouco.",
            "See whether the function behind the API fails and what was deployed a while ago.",
        ),
        Text(
            "Confirme de fora: `curl -i ENDEREÇO_DE_SAÚDE`.",
            "Confirm it from outside: `curl -i HEALTH_ADDRESS`.",
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
        Text(
            "Veja o estado em `dataplatform_api_cache_state` e no console do API Gateway.",
            "See the state in `dataplatform_api_cache_state` and in API Gateway's console.",
        ),
        Text(
            "Se não sair da criação, desabilite e habilite o cache de novo.",
            "If it does not leave creation, disable the cache and enable it again.",
        ),
    ),
)
