"""The interface for programs, `/api/v1`: what the pages show and do, as JSON, for whoever sends a token."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, request
from flask_limiter import Limiter

from audit.store import Store
from web import tokens
from web.api import (
    accounts,
    batches,
    calibrations,
    cameras,
    customers,
    exports,
    findings,
    interactions,
    overview,
    own,
    problems,
    proposals,
    retention,
    searches,
    standards,
    uploads,
)
from web.api.document import document
from web.api.operations import Operation, bound
from web.api.problems import ROOT
from web.own import slowed
from web.tokens import PER_MINUTE, whose


def openapi(store: Store) -> dict[str, Any]:
    return whole()


OPERATIONS: tuple[Operation, ...] = (
    *interactions.OPERATIONS,
    *searches.OPERATIONS,
    *findings.OPERATIONS,
    *calibrations.OPERATIONS,
    *standards.OPERATIONS,
    *proposals.OPERATIONS,
    *customers.OPERATIONS,
    *overview.OPERATIONS,
    *batches.OPERATIONS,
    *uploads.OPERATIONS,
    *cameras.OPERATIONS,
    *retention.OPERATIONS,
    *exports.OPERATIONS,
    *accounts.OPERATIONS,
    *own.OPERATIONS,
    Operation("GET", "/openapi.json", openapi, "This document", dict[str, Any]),
)
"""All that the interface can be asked."""


def whole() -> dict[str, Any]:
    """The OpenAPI document of all operations."""
    return document(OPERATIONS, uploads.FORM_SCHEMA)


def room(app: Flask, store: Store, limiter: Limiter, of_everybody: Limiter) -> Blueprint:
    """The addresses of the interface, with tokens set up for `app`.

    `limiter` counts requests, in this process; `of_everybody` wrong passwords, with all of them.
    """
    tokens.register(app, store)
    guarded = slowed(of_everybody, _too_often_wrong)
    blueprint = Blueprint("api", __name__, url_prefix=ROOT)
    for one in OPERATIONS:
        view = guarded(bound(one, store)) if one.asks_password else bound(one, store)
        blueprint.add_url_rule(one.path, one.name, view, methods=[one.method])
    blueprint.before_request(tokens.check_scope)
    blueprint.after_request(_unkept)
    limiter.limit(f"{PER_MINUTE} per minute", key_func=whose)(blueprint)
    return blueprint


def _too_often_wrong(_limit: object) -> Response:
    response = problems.told(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong passwords: wait 15 minutes")
    response.headers["Retry-After"] = str(15 * 60)
    return response


def _unkept(response: Response) -> Response:
    # What is known of people is kept by no cache between; who asks may keep it and its ETag.
    response.headers["Cache-Control"] = "private, no-store"
    if request.endpoint == "api.openapi":
        response.headers["Cache-Control"] = "public, no-cache"
    return response
