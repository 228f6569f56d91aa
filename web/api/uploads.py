"""Bringing in recordings, transcripts and chats, and how far their audits are."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from audit import uploads
from audit.arrivals import Facts
from audit.store import NotStored, Store
from audit.uploads import MOST_BYTES, Upload
from web.api.operations import FORM, Made, Many, Operation, each
from web.api.problems import ROOT
from web.rights import person
from web.uploading import let_a_file_in, whose

FACTS = tuple(name for name in Facts.model_fields if name != "roles")

FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "A recording, transcript or chat."},
        "rubric": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "description": "Packs or names of stored rubrics.",
        },
        "camera": {"type": "string", "description": "Name of the camera that took a video: `/cameras`."},
        **{
            name: {"type": "string", "description": "As in a .meta.yaml: docs/chats-and-transcripts.md"}
            for name in FACTS
        },
    },
    "required": ["file", "rubric"],
    "additionalProperties": False,
}
"""The fields of an upload."""


class Newest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many, the newest first."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


def list_uploads(store: Store, query: Newest) -> Many[Upload]:
    return each(uploads.uploads(store, whose(), query.limit))


def upload(store: Store, upload: str) -> Upload:
    found = uploads.upload_of(store, upload)
    if whose() not in (None, found.owner):
        raise NotStored("upload", upload, "the list shows what you brought in")
    if found.state not in uploads.OVER:
        uploads.look_after(store)
    return found


def add_upload(store: Store) -> Made:
    if request.mimetype != FORM:
        raise UnsupportedMediaType(f"expected a body of type {FORM}")
    let_a_file_in(MOST_BYTES)
    files = request.files.getlist("file")
    if len(files) != 1 or set(request.files) != {"file"}:
        raise BadRequest("expected one file, in the field 'file'")
    fields = request.form.to_dict(flat=False)
    rubrics = fields.pop("rubric", [])
    camera = fields.pop("camera", [""])
    if len(camera) != 1 or "\0" in camera[0]:
        raise BadRequest("'camera' is given several times, or not in letters")
    for name, values in fields.items():
        if name not in FACTS or len(values) != 1 or "\0" in values[0]:
            raise BadRequest(f"'{name[:40]}' is no fact, or given {len(values)} times; facts are {_KNOWN}")
    facts = {name: values[0] for name, values in fields.items()}
    key = request.headers.get("Idempotency-Key")
    sent = files[0]
    owner, name = person().name, sent.filename or ""
    found, _ = uploads.bring(store, owner, name, sent.stream, rubrics, facts, key, camera[0])
    uploads.look_after(store)
    return Made(found, f"{ROOT}/uploads/{found.id}")


_KNOWN = ", ".join(FACTS)


OPERATIONS = (
    Operation("GET", "/uploads", list_uploads, "What was brought in, newest first", Many[Upload], Newest),
    Operation("GET", "/uploads/<upload>", upload, "How far an upload is", Upload),
    Operation(
        *("POST", "/uploads", add_upload, "Brings in a file; it is audited behind this", Upload),
        body=FORM,
        status=HTTPStatus.ACCEPTED,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
        once=True,
    ),
)
