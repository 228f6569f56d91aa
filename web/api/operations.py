"""What an operation of the interface is: one line says its address, what it takes, gives and may answer.

The routes, the checks of what comes in and the OpenAPI document are all made from these lines.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from flask import Response, request
from flask_login import current_user
from werkzeug.exceptions import (
    BadRequest,
    NotFound,
    PreconditionFailed,
    UnsupportedMediaType,
)

from audit.once import known, once
from audit.store import Store

T = TypeVar("T")


PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "identity": ("Id of an interaction.", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    "rubric": ("Name of a rubric.", {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,79}$"}),
    "standard": ("Id of a standard.", {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,79}$"}),
    "digest": ("Digest of a rubric version.", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    "upload": ("Id of an upload.", {"type": "string", "pattern": "^[0-9a-f]{32}$"}),
    "name": ("A name.", {"type": "string", "pattern": "^[a-z0-9][a-z0-9._@-]{0,79}$"}),
    "camera": ("Name of a camera.", {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,39}$"}),
    "number": ("A number.", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}),
}
"""Parts of addresses."""


class Many(msgspec.Struct, Generic[T], frozen=True):
    """Some of a list; `next` is the address of those after them, null where there are none."""

    items: tuple[T, ...]
    next: str | None = None


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query, or an empty body."""


class Operation(msgspec.Struct, frozen=True):
    """One method of one address.

    `view(store, *path parts, query or body)` gives a value of the type `answer`, or a response where
    `answer` is a media type. `body` is a type of JSON, or `FORM` for a file with fields. `problems` are what
    it may answer beyond what every operation may.
    """

    method: str
    path: str
    view: Callable[..., Any]
    summary: str
    answer: Any
    query: type[msgspec.Struct] = Nothing
    body: Any = None
    status: HTTPStatus = HTTPStatus.OK
    problems: tuple[HTTPStatus, ...] = ()
    once: bool = False
    """What it begins is begun once of the same `Idempotency-Key`."""
    asks_password: bool = False
    """It takes the password of the account: being wrong about it is limited as on the page."""

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def gives_bytes(self) -> bool:
        return isinstance(self.answer, str)


FORM = "multipart/form-data"


class Made(msgspec.Struct, frozen=True):
    """What was made, and its address."""

    value: Any
    location: str


def bound(operation: Operation, store: Store) -> Callable[..., Response]:
    """The view as Flask calls it: with what came in checked, and what goes out as JSON with its ETag."""

    def run(**parts: Any) -> Response:
        for name, part in parts.items():
            shape = PARTS[name][1]
            if isinstance(part, str) and not re.fullmatch(shape["pattern"], part):
                raise NotFound
            # Were it left to the route, it would be another method's route, and 405.
            if isinstance(part, int) and part > shape["maximum"]:
                raise NotFound
        given = dict(parts)
        query = query_of(operation.query)
        if operation.query is not Nothing:
            given["query"] = query
        if operation.body not in (None, FORM):
            given["body"] = body_of(operation.body)
        answer = operation.view(store, **given)
        return answer if isinstance(answer, Response) else answered(operation, answer)

    run.__name__ = operation.name
    return run


def query_of(kind: type[T]) -> T:
    """The query of this request.

    Raises:
        BadRequest: something in it is unknown, given twice or no value of its kind.
    """
    given = request.args.to_dict(flat=False)
    for name, values in given.items():
        if len(values) > 1:
            raise BadRequest(f"'{name[:40]}' is given {len(values)} times")
    try:
        query = msgspec.convert({name: values[0] for name, values in given.items()}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"query: {error}") from error
    told = zip(query.__struct_fields__, query.__struct_encode_fields__, strict=True)  # type: ignore[attr-defined]
    for name, wire in told:
        # Read loosely, the word null is none.
        if wire in given and getattr(query, name) is None:
            raise BadRequest(f"query: '{wire}' is '{given[wire][0]}'; leave it out")
    return query


def body_of(kind: Any) -> Any:
    """The JSON body of this request.

    Raises:
        BadRequest: it is no JSON, not what is expected here, or holds a NUL, as no database can.
        UnsupportedMediaType: it does not say that it is JSON.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("expected a body of type application/json")
    try:
        return msgspec.convert(_whole(msgspec.json.decode(request.get_data())), kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f"body: {error}") from error


def _whole(value: Any) -> Any:
    """JSON in which 2.0 is 2, as JSON Schema has it, and no text has a NUL."""
    if isinstance(value, str) and "\0" in value:
        raise BadRequest("body: a text holds the character U+0000; leave it out")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value


def answered(operation: Operation, answer: Any) -> Response:
    """An answer as JSON. A GET carries its ETag, and is 304 to whoever has just this."""
    if operation.status == HTTPStatus.NO_CONTENT:
        return Response(status=HTTPStatus.NO_CONTENT)
    location = answer.location if isinstance(answer, Made) else None
    value = answer.value if isinstance(answer, Made) else answer
    content = msgspec.json.encode(value)
    response = Response(content, operation.status, mimetype="application/json")
    if location is not None:
        response.headers["Location"] = location
    if request.method in ("GET", "HEAD"):
        response.set_etag(etag_of(content))
        response.make_conditional(request)
    return response


def etag_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def unchanged(value: Any) -> None:
    """Refuses a change when `If-Match` names another state than this, which GET gives now.

    Raises:
        PreconditionFailed: it was changed since it was read.
    """
    wanted = request.if_match
    if wanted and not wanted.contains(etag_of(msgspec.json.encode(value))):
        raise PreconditionFailed("it was changed since you read it: read it again")


def begun(store: Store, what: str, asked: Any, begin: Callable[[], int]) -> int:
    """The number that `begin` gives, or gave to this account before with the `Idempotency-Key` of now.

    `what` says which kind of thing is begun, `asked` all that makes it what it is.

    Raises:
        BadKey: it is no key, or something else was begun with it.
    """
    key, whole = request.headers.get("Idempotency-Key"), msgspec.json.encode([what, asked])
    return int(once(store, current_user.name, key, whole, lambda: str(begin())))


def begun_before(store: Store, what: str, asked: Any) -> int | None:
    """The number that `begun` would give without beginning anything; None where it would begin.

    Raises:
        BadKey: it is no key, or something else was begun with it.
    """
    key, whole = request.headers.get("Idempotency-Key"), msgspec.json.encode([what, asked])
    found = known(store, current_user.name, key, whole)
    return None if found is None else int(found)


def following(base: str, query: msgspec.Struct, **change: Any) -> str:
    """The address of the same list further on: its query with these fields changed."""
    fields = {
        wire: getattr(query, name)
        for name, wire in zip(query.__struct_fields__, query.__struct_encode_fields__, strict=True)
    }
    given = {k: _written(v) for k, v in (fields | change).items() if v not in (None, "", False)}
    return f"{base}?{urlencode(given)}"


def _written(value: Any) -> str:
    return "true" if value is True else str(value)


def each(of: Iterable[T]) -> Many[T]:
    """A list that is whole."""
    return Many(tuple(of))
