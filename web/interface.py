"""The page that shows the interface for programs and sends requests to try it: `/api/v1/`."""

import json
from typing import Any

import msgspec
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from web.api import whole
from web.api.problems import ROOT


class Field(msgspec.Struct, frozen=True):
    """Something that an operation takes: `place` is path, query, header or form."""

    name: str
    place: str
    required: bool
    about: str
    choices: tuple[str, ...] = ()
    is_file: bool = False


class Shown(msgspec.Struct, frozen=True):
    """An operation as the page shows it; `body` is JSON to begin with, None where it takes none."""

    name: str
    method: str
    address: str
    summary: str
    about: str
    fields: tuple[Field, ...]
    body: str | None
    statuses: tuple[tuple[str, str], ...]


def room() -> Blueprint:
    """The address of this room."""
    blueprint = Blueprint("interface", __name__)
    blueprint.add_url_rule(f"{ROOT}/", "page", page)
    return blueprint


def page() -> ResponseReturnValue:
    document = whole()
    groups: dict[str, list[Shown]] = {}
    for address, methods in document["paths"].items():
        for method, told in methods.items():
            shown = _shown(method.upper(), address, told, document["components"]["schemas"])
            groups.setdefault(told["tags"][0], []).append(shown)
    return render_template("interface.html", groups=groups, root=ROOT)


def _shown(method: str, address: str, told: dict[str, Any], schemas: dict[str, Any]) -> Shown:
    fields = [
        Field(
            one["name"],
            one["in"],
            one["required"],
            one.get("description", ""),
            tuple(map(str, one["schema"].get("enum", ()))),
        )
        for one in told["parameters"]
    ]
    body = None
    for kind, content in told.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        if kind == "application/json":
            schema = schemas[schema["$ref"].rpartition("/")[2]]
            body = json.dumps(_begun(schema, schemas), indent=2)
            continue
        for name, one in schema["properties"].items():
            about, is_file = one.get("description", ""), one.get("format") == "binary"
            fields.append(Field(name, "form", name in schema["required"], about, is_file=is_file))
    statuses = tuple((status, one["description"]) for status, one in told["responses"].items())
    about = told.get("description", "")
    return Shown(told["operationId"], method, address, told["summary"], about, tuple(fields), body, statuses)


def _begun(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """What a body has to hold, to be filled in."""
    return {name: _empty(schema["properties"][name], schemas) for name in schema.get("required", ())}


def _empty(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [_empty(schema["items"], schemas)]
    return {"integer": 0, "number": 0, "boolean": False}.get(schema.get("type", ""), "")
