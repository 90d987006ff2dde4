"""Errors as responses: one JSON shape for programs, a page for people."""

from __future__ import annotations

import logging
import math
from typing import Any

import pydantic_core
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from handrail.core.errors import (
    HandrailError,
    InvalidRequestError,
    NotFoundError,
    RequestError,
)

log = logging.getLogger("handrail.desk")


def json_response(value: Any, status: int = 200) -> Response:
    """Make a JSON response of models, dataclasses, moments and plain values."""
    return Response(
        pydantic_core.to_json(value, fallback=str), status, media_type="application/json"
    )


def error_body(error: HandrailError) -> dict[str, Any]:
    """Return the one shape in which errors are told."""
    return {"error": {"code": error.code, "message": error.message, "details": error.details}}


def error_response(error: HandrailError) -> Response:
    """Make the response that tells of an error."""
    return _say_when(error, json_response(error_body(error), error.http_status))


def _say_when(error: HandrailError, response: Response) -> Response:
    if "retry_after" in error.details:
        response.headers["Retry-After"] = str(math.ceil(error.details["retry_after"]))
    return response


def add_error_handlers(app: FastAPI) -> None:
    """Make every error of an app come out in the one shape."""
    app.add_exception_handler(HandrailError, _handrail)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _tell(request: Request, error: HandrailError) -> Response:
    """Give browsers that ask for a page a page."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        page: Any = request.app.state.desk.pages.TemplateResponse(
            request, "error.html", {"error": error}, status_code=error.http_status
        )
        return _say_when(error, page)
    return error_response(error)


async def _handrail(request: Request, error: Exception) -> Response:
    assert isinstance(error, HandrailError)
    if error.http_status >= 500:
        log.error("%s %s: %s", request.method, request.url.path, error.message)
    return _tell(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [
        {"at": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]}
        for item in error.errors()
    ]
    listed = "; ".join(f"{item['at']}: {item['problem']}" for item in problems[:5])
    return _tell(
        request,
        InvalidRequestError(
            f"the request has another shape than it must have: {listed}. The shapes are at "
            "/api/v1/docs",
            problems=problems,
        ),
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _tell(request, NotFoundError(f"there is nothing at {request.url.path}"))
    response = error_response(RequestError(f"{request.method}: {error.detail}"))
    response.status_code = error.status_code
    return response


async def _unexpected(request: Request, _: Exception) -> Response:
    """Starlette logs the trace; the caller sees none of it."""
    return _tell(
        request,
        HandrailError("something failed on our side; it is in the server's log. Try again"),
    )
