"""The OpenAPI 3.1 document, made from the operations and the types that they take and give."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from audit.scorecard import SOFTWARE
from web.api.operations import FORM, PARTS, Nothing, Operation
from web.api.problems import ROOT, Problem
from web.rights import RIGHTS, RULES, Right
from web.tokens import PER_MINUTE, scope_needed

ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""What every operation that needs a token may answer."""

_REF = "#/components/schemas/{name}"


def document(operations: Iterable[Operation], form: dict[str, Any]) -> dict[str, Any]:
    """The document; `form` is the schema of an upload's fields."""
    known = tuple(operations)
    types = [kind for one in known for kind in (one.answer, one.body) if kind not in (None, FORM)]
    typed = list(dict.fromkeys(kind for kind in types if not isinstance(kind, str)))
    shapes, components = msgspec.json.schema_components([*typed, Problem], ref_template=_REF)
    shape_of = dict(zip([*typed, Problem], shapes, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in known:
        paths.setdefault(address(one), {})[one.method.lower()] = _operation(one, shape_of, form)
    told = f"A token a request (`Authorization: Bearer`), {PER_MINUTE} requests a minute. See docs/api.md."
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Comport",
            "version": SOFTWARE,
            "description": told,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ROOT}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {name: _tidy(schema) for name, schema in components.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def address(operation: Operation) -> str:
    """The address as OpenAPI writes it: `/interactions/{identity}`."""
    return "/".join(
        f"{{{part.strip('<>').rpartition(':')[2]}}}" if part.startswith("<") else part
        for part in operation.path.split("/")
    )


def _operation(one: Operation, shape_of: dict[Any, Any], form: dict[str, Any]) -> dict[str, Any]:
    right, scope = RULES[f"api.{one.name}"], scope_needed(f"api.{one.name}")
    roles = ", ".join(role for role, rights in RIGHTS.items() if right in rights)
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [one.path.split("/")[1]],
        "parameters": [*_parts(one), *_query(one), *_headers(one)],
        "responses": _responses(one, shape_of),
    }
    if right == Right.PUBLIC:
        told["security"] = []
    else:
        told["description"] = f"Scope {scope}; roles: {roles}."
    if one.body == FORM:
        told["requestBody"] = {"required": True, "content": {FORM: {"schema": form}}}
    elif one.body is not None:
        content = {"application/json": {"schema": shape_of[one.body]}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _parts(one: Operation) -> list[dict[str, Any]]:
    found = [part[1:-1] for part in address(one).split("/") if part.startswith("{")]
    return [
        {"name": n, "in": "path", "required": True, "description": PARTS[n][0], "schema": PARTS[n][1]}
        for n in found
    ]


def _query(one: Operation) -> list[dict[str, Any]]:
    if one.query is Nothing:
        return []
    (_,), components = msgspec.json.schema_components([one.query], ref_template=_REF)
    told = []
    for name, schema in components[one.query.__name__]["properties"].items():
        plain = {key: value for key, value in schema.items() if key not in ("default", "anyOf")}
        # What is not there is left out of a query: it has no null.
        choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
        plain |= choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {}
        if "$ref" in plain:
            plain = {"enum": components[plain["$ref"].rpartition("/")[2]]["enum"], "type": "string"}
        required = name in components[one.query.__name__].get("required", ())
        if schema.get("default") not in (None, ""):
            plain["default"] = schema["default"]
        description = plain.pop("description", "")
        told.append({"name": name, "in": "query", "required": required, "schema": plain})
        if description:
            told[-1]["description"] = description
    return told


_ANY = {"type": "string"}
_KEY = {"type": "string", "pattern": "^[!-~]{1,200}$"}


def _headers(one: Operation) -> list[dict[str, Any]]:
    names = {}
    if one.method == "GET":
        names["If-None-Match"] = ("The ETag of what you have: 304 when it is still so.", _ANY)
    if one.once:
        names["Idempotency-Key"] = ("Of your choice: the same sent again is begun once.", _KEY)
    if HTTPStatus.PRECONDITION_FAILED in one.problems:
        names["If-Match"] = ("The ETag of what you read: 412 when it was changed since.", _ANY)
    return [
        {"name": name, "in": "header", "required": False, "description": why, "schema": schema}
        for name, (why, schema) in names.items()
    ]


def _responses(one: Operation, shape_of: dict[Any, Any]) -> dict[str, Any]:
    right = RULES[f"api.{one.name}"]
    done: dict[str, Any] = {"description": HTTPStatus(one.status).phrase}
    if one.gives_bytes:
        done["content"] = {kind: {} for kind in one.answer.split(", ")}
    elif one.answer is not None:
        done["content"] = {"application/json": {"schema": shape_of[one.answer]}}
    told: dict[str, Any] = {str(int(one.status)): done}
    if one.method == "GET":
        told["304"] = {"description": "It is as you have it"}
    if HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE in one.problems:
        told["206"] = {"description": "The part asked for", "content": done["content"]}
    asked: set[HTTPStatus] = set(one.problems) | set(ALWAYS if right != Right.PUBLIC else ())
    if "<" in one.path:
        asked.add(HTTPStatus.NOT_FOUND)
    if one.body is not None:
        asked |= {HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    problem = {"application/problem+json": {"schema": shape_of[Problem]}}
    return told | {str(int(s)): {"description": s.phrase, "content": problem} for s in sorted(asked)}


def _tidy(schema: Any) -> Any:
    """Descriptions as paragraphs: docstrings have indents."""
    if isinstance(schema, dict):
        return {
            key: " ".join(value.split()) if key == "description" and isinstance(value, str) else _tidy(value)
            for key, value in schema.items()
        }
    return [_tidy(one) for one in schema] if isinstance(schema, list) else schema
