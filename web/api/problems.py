"""What goes wrong, told to programs: problem details (RFC 9457), one line, never a traceback."""

from http import HTTPStatus

import msgspec
from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from audit.aftermath import NoOutcomes
from audit.batch.behind import BadBatch
from audit.batch.driver import Busy
from audit.batch.sources import UnusableSource
from audit.calibrating import CalibrationClosed, CalibrationOpen, NotAsked
from audit.camera_files import CameraChanged
from audit.copies import CopyFailed, CopyUnready, StillMade
from audit.customers import CannotJoin
from audit.database import ConnectionLost, StoreUnusable, TooSlow, Unstorable
from audit.holds import Held
from audit.leaving import TooMuch
from audit.merging import PairChanged
from audit.once import BadKey
from audit.proposals import BadProposal, DecidedBefore
from audit.reviews import BadReview, ReviewConflict
from audit.searching import BadSearch
from audit.store import NotStored
from audit.tokens import BadToken
from audit.uploads import BadUpload, TooLarge
from audit.users import BadUser
from models.camera import BadCamera
from models.errors import ComportError
from models.media import UnreadableMedia
from web import wording

ROOT = "/api/v1"

WAIT_S = 60
"""So long whoever asked too often is told to wait: the limit counts by the minute."""


COPY_WAIT_S = 5
"""So long whoever asked for a copy that is being made is told to wait. Our choice."""


class Problem(msgspec.Struct, frozen=True):
    """Why nothing or nothing else was done; `detail` says what was found and what to do."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"


STATUS: dict[type[ComportError], HTTPStatus] = {
    NotStored: HTTPStatus.NOT_FOUND,
    NoOutcomes: HTTPStatus.NOT_FOUND,
    BadSearch: HTTPStatus.BAD_REQUEST,
    BadReview: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BadUpload: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadUser: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadCamera: HTTPStatus.UNPROCESSABLE_ENTITY,
    CameraChanged: HTTPStatus.CONFLICT,
    PairChanged: HTTPStatus.CONFLICT,
    CannotJoin: HTTPStatus.UNPROCESSABLE_ENTITY,
    Held: HTTPStatus.CONFLICT,
    BadToken: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadKey: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadBatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnusableSource: HTTPStatus.UNPROCESSABLE_ENTITY,
    Busy: HTTPStatus.CONFLICT,
    TooMuch: HTTPStatus.UNPROCESSABLE_ENTITY,
    ReviewConflict: HTTPStatus.CONFLICT,
    BadProposal: HTTPStatus.UNPROCESSABLE_ENTITY,
    DecidedBefore: HTTPStatus.CONFLICT,
    CalibrationClosed: HTTPStatus.CONFLICT,
    CalibrationOpen: HTTPStatus.CONFLICT,
    NotAsked: HTTPStatus.FORBIDDEN,
    UnreadableMedia: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unstorable: HTTPStatus.UNPROCESSABLE_ENTITY,
    CopyUnready: HTTPStatus.SERVICE_UNAVAILABLE,
    CopyFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    StillMade: HTTPStatus.CONFLICT,
    ConnectionLost: HTTPStatus.SERVICE_UNAVAILABLE,
    TooSlow: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What an error of ours is to whoever asked, on pages and to programs; every other one is our fault."""

OF_DATABASE = (StoreUnusable, Unstorable)
"""What a database says of itself: that is for whoever runs it."""

_SAID = {
    HTTPStatus.UNAUTHORIZED: "send a token that holds: Authorization: Bearer comport_…",
    HTTPStatus.FORBIDDEN: "the token's scopes or the role of its account do not allow this",
    HTTPStatus.NOT_FOUND: "nothing is there, or nothing that this account may see",
    HTTPStatus.TOO_MANY_REQUESTS: "too many requests of this token: wait a minute",
    HTTPStatus.INTERNAL_SERVER_ERROR: "this is a fault of Comport; the server's log says more",
    HTTPStatus.SERVICE_UNAVAILABLE: "the database is away: try again in a minute",
}


def is_ours() -> bool:
    """Whether a program asks, and is answered by a problem and no page."""
    return request.path.startswith(f"{ROOT}/") and request.blueprint != "interface"


def of(error: Exception) -> Response:
    """The answer that tells of an error."""
    if isinstance(error, ComportError):
        status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), None)
        if isinstance(error, BadSearch) and request.method != "GET":
            status = HTTPStatus.UNPROCESSABLE_ENTITY  # the body was of the right shape
        if isinstance(error, OF_DATABASE) or status is None:
            current_app.logger.error("%s", error.line)
        response = told(status or HTTPStatus.INTERNAL_SERVER_ERROR, "" if status is None else _line(error))
        if isinstance(error, CopyUnready):
            response.headers["Retry-After"] = str(COPY_WAIT_S)
        return response
    status, detail, headers = HTTPStatus.INTERNAL_SERVER_ERROR, "", []
    if isinstance(error, HTTPException) and error.code is not None:
        status = HTTPStatus(error.code)
        standard = type(error).description
        detail = str(error.description or "") if error.description != standard else ""
        headers = [(k, v) for k, v in error.get_headers() if k in ("Allow", "Content-Range")]
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers, detail = [("Retry-After", str(WAIT_S))], ""
    response = told(status, detail)
    response.headers.extend(headers)
    return response


def _line(error: ComportError) -> str:
    return "" if isinstance(error, OF_DATABASE) else wording.told(error)


def told(status: HTTPStatus, detail: str = "") -> Response:
    """A problem of this status; without a detail in the words that fit it."""
    line = " ".join((detail or _SAID.get(status, status.description)).split())
    content = msgspec.json.encode(Problem(status.phrase, int(status), line))
    response = Response(content, status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
