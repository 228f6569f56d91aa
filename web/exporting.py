"""The list of interactions as a file for other systems, without personal data."""

import functools
from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, Response, abort, request, send_file
from flask.typing import ResponseReturnValue

from audit.leaving import FORMATS, TooMuch
from audit.leaving.download import download
from audit.searching import Wanted
from audit.store import Store
from web.interactions import list_page
from web.languages import figures, gettext
from web.listing import asked
from web.rights import person, scope

ZIP = "application/zip"


def room(store: Store) -> Blueprint:
    """The address of this room."""
    blueprint = Blueprint("exporting", __name__)
    bound = functools.update_wrapper(functools.partial(take, store), take)
    blueprint.add_url_rule("/interactions/export", "take", bound, methods=["POST"])
    return blueprint


def take(store: Store) -> ResponseReturnValue:
    form, wanted = request.form.get("format", ""), asked(request.args)
    if form not in FORMATS:
        abort(HTTPStatus.BAD_REQUEST)
    try:
        return given(store, form, wanted)
    except TooMuch as error:
        problem = gettext(
            "More than %(count)s scorecards fit. Narrow the filters, or have comport export write them.",
            count=figures(error.most),
        )
        return list_page(store, problem), HTTPStatus.UNPROCESSABLE_ENTITY


def given(store: Store, form: str, wanted: Wanted) -> Response:
    """The zip of what fits and whoever asks may see."""
    content = download(store, person().name, form, wanted, scope())
    name = f"comport-{form}-{datetime.now(UTC):%Y-%m-%d}.zip"
    response = send_file(content, ZIP, as_attachment=True, download_name=name, max_age=0)
    response.headers["Cache-Control"] = "private, no-store"
    return response
