"""S3's requests, as they are paid for.

Prices of us-east-1 (S3 price list): lists are $0.005, all others that only read $0.0004 per 1,000.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from exporter import deadline
from exporter.collector import Context, Use

USD_PER_LIST = 0.005 / 1000
USD_PER_READ = 0.0004 / 1000


def ask(context: Context, usd: float, call: Callable[[], Any]) -> Any:
    """Return what ``call`` is answered, and count ``usd`` for each attempt, refused ones too.

    Raises:
        CollectError: if no time is left.
        ClientError: if S3 refused.
    """
    deadline.check(context, "S3")
    try:
        answer = call()
    except ClientError as error:
        _bill(context, usd, error.response)
        raise
    _bill(context, usd, answer)
    return answer


def use(operation: str, calls: float, usd: float) -> Use:
    """Return what so many calls at ``usd`` each send."""
    return Use("s3", operation, calls, usd=calls * usd)


def _bill(context: Context, usd: float, answer: Mapping[str, Any]) -> None:
    attempts = 1 + int(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))
    context.billed("s3", attempts, attempts * usd)
