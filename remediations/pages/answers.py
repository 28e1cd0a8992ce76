"""Reading requests and refusing them, in the API's form."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from flask import Response, jsonify, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

_UNAUTHORIZED = 401


class BadRequestError(Exception):
    """What was sent cannot be used: one line says why."""


def _without_nul(value: object) -> object:
    # PostgreSQL cannot store it, and it means nothing in a name or a reason.
    return value.replace("\0", "") if isinstance(value, str) else value


_Name = Annotated[str, BeforeValidator(_without_nul), Field(max_length=200)]


class Asked(BaseModel):
    """What every request that decides something may say: who asks, as they call themselves."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: _Name = "api"


class Approval(Asked):
    """An approval of exactly the plan that was seen."""

    plan_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Switching(Asked):
    """Engaging or releasing the kill switch."""

    reason: _Name = ""


class Action(Asked):
    """An action by hand; ``dry_run`` plans only."""

    target: _Name | None = None
    params: dict[str, Any] = {}
    dry_run: bool = False


_Model = TypeVar("_Model", bound=BaseModel)


def body(model: type[_Model]) -> _Model:
    """Return the request's JSON; an empty body is an empty mapping.

    Raises:
        BadRequestError: if it is not JSON, or not what ``model`` describes.
    """
    try:
        return model.model_validate(read_json(request.get_data() or b"{}"))
    except ValidationError as error:
        raise BadRequestError(first_problem(error)) from error


def read_json(data: bytes) -> Any:
    """Return what JSON text says.

    Raises:
        BadRequestError: if it is not JSON, or holds text or numbers that cannot be stored.
    """
    try:
        found = json.loads(data, parse_constant=_no_constant)
        # Half a surrogate pair can be written in JSON, but not stored.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadRequestError("the body is not JSON") from error
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def first_problem(error: ValidationError) -> str:
    """Return the first thing that is wrong, and where, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return " ".join(f"{where or 'body'}: {first['msg']}".split())[:300]


def problem(status: int, message: str) -> Response:
    """Return a refusal in one line."""
    answer = jsonify({"error": message})
    answer.status_code = status
    if status == _UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
