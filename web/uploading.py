"""Bringing in recordings and chats, and watching their audits."""

import functools
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audit.camera_files import cameras
from audit.pipeline import pack_names
from audit.store import Store
from audit.uploads import MOST_BYTES, OVER, BadUpload, Upload, bring, look_after, upload_of, uploads
from audit.zipped import files_in, is_zip
from web.languages import gettext
from web.listing import rubric_names
from web.rights import may, person
from web.streaming import stream
from web.wording import told

FIELDS_BYTES = 64 * 1024
"""For all that is sent beside the file."""

_CHUNK_BYTES = 64 * 1024
"""So much of a body Werkzeug reads at once (`MultiPartParser`). What it holds back of a chunk, where a
boundary may begin, counts with the whole next chunk against its limit of memory."""

MOST_TOLD = 5
"""Files of a zip of which is said why they were not taken."""

FACTS = ("agent", "customer", "branch", "channel", "language")
"""Facts that the form asks for; more can stand in a `.meta.yaml`."""


def room(store: Store) -> Blueprint:
    """The pages of this room."""
    blueprint = Blueprint("uploading", __name__)
    for rule, view, methods in (
        ("/upload", upload, ["GET"]),
        ("/upload", take, ["POST"]),
        ("/uploads/<identity>", one, ["GET"]),
        ("/uploads/<identity>/events", events, ["GET"]),
    ):
        bound = functools.update_wrapper(functools.partial(view, store), view)
        blueprint.add_url_rule(rule, view.__name__, bound, methods=methods)
    return blueprint


def upload(store: Store) -> ResponseReturnValue:
    return _form(store)


def let_a_file_in(most_bytes: int = MOST_BYTES) -> None:
    """Reads the form of this request, whose file may be so long; what stands beside the file stays short."""
    request.max_content_length = most_bytes + FIELDS_BYTES
    request.max_form_memory_size = FIELDS_BYTES + 2 * _CHUNK_BYTES
    if sum(len(text.encode()) for _, texts in request.form.lists() for text in texts) > FIELDS_BYTES:
        abort(413)


def take(store: Store) -> ResponseReturnValue:
    let_a_file_in()
    current_app.extensions["csrf"].protect()
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _form(store, gettext("Choose a file first.")), 422
    rubrics = request.form.getlist("rubric")
    facts = {name: request.form.get(name, "").replace("\0", "") for name in FACTS}
    owner, name = person().name, sent.filename
    camera = request.form.get("camera", "").replace("\0", "")
    found: list[Upload] = []
    bad: list[str] = []
    if is_zip(name):
        for inside, content in files_in(name, sent.stream):
            try:
                found.append(bring(store, owner, inside, content, rubrics, facts, camera=camera)[0])
            except BadUpload as error:
                bad.append(told(error))
    else:
        found.append(bring(store, owner, name, sent.stream, rubrics, facts, camera=camera)[0])
    look_after(store)
    if bad:
        # The list below it shows what was taken all the same.
        return _form(store, "; ".join(bad[:MOST_TOLD])), 422
    if len(found) > 1:
        return redirect(url_for("uploading.upload"), 303)
    return redirect(url_for("uploading.one", identity=found[0].id), 303)


def one(store: Store, identity: str) -> ResponseReturnValue:
    found = _own(store, identity)
    if found.state not in OVER:
        look_after(store)
    return render_template("uploaded.html", found=found, over=found.state in OVER, told=_told(found))


def events(store: Store, identity: str) -> Response:
    _own(store, identity)

    def state() -> tuple[dict[str, Any], bool]:
        now = upload_of(store, identity)
        return _told(now), now.state in OVER

    return stream(state)


def _told(found: Upload) -> dict[str, Any]:
    words = {
        "waiting": gettext("Waits for its turn"),
        "running": gettext("Is being audited"),
        "done": gettext("Done"),
        "failed": gettext("Could not be audited"),
    }
    share = 1.0 if found.state in OVER else found.done_s / found.all_s if found.all_s else 0.0
    return {"share": share, "text": words[found.state.value], "over": found.state in OVER}


def _own(store: Store, identity: str) -> Upload:
    found = upload_of(store, identity[:64])
    if whose() not in (None, found.owner):
        abort(404)
    return found


def whose() -> str | None:
    """Whose uploads somebody sees; None, an admin: everybody's."""
    return None if may("admin") else person().name


def _form(store: Store, problem: str = "") -> str:
    found = uploads(store, whose(), 20)
    return render_template(
        "upload.html",
        problem=problem,
        rubrics=sorted({*pack_names(), *rubric_names(store)}),
        found=[(one, _told(one)) for one in found],
        cameras=[one.name for one in cameras(store) if one.camera],
        most_mb=MOST_BYTES // 1_000_000,
    )
