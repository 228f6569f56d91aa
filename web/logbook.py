"""What visitors see and change, written into the audit log (`audit/auditlog.py`).

Every interaction that is opened, every recording that is played, every request that was refused, and every
change: those that say themselves what they changed (`audit.users`, `audit.reviews`) in their own transaction,
any other by the name of its address. An answer whose row cannot be written is not given.
"""

import threading
import time
from http import HTTPStatus

from flask import Flask, Response, g, request, session
from flask_login import current_user

from audit.auditlog import Action, Actor, act_as, record
from audit.store import Store
from web.tokens import this_bearer

AGAIN_S = 15 * 60
"""So long one row says that somebody looks at something: a player asks for a recording in many pieces."""

SAY_THEMSELVES = frozenset(
    {
        "accounts.login",
        "accounts.logout",
        "admin.add",
        "admin.change",
        "admin.verify_log",
        "tokens.add",
        "tokens.revoke",
        "retention.keep",
        "retention.hold",
        "retention.lift",
        "retention.erase",
        "cameras.add",
        "cameras.change",
        "joining.join",
        "joining.decide",
        "own.password",
        "own.email",
        "own.end_others",
        "provider.back",
        "uploading.take",
        "batches.begin",
        "batches.again",
        "batches.cancel",
        "exporting.take",
        "releasing.release",
        "releasing.withdraw",
        "assigning.assign",
        "assigning.assign_many",
        "releasing.reply",
        "reviewing.say",
        "proposals.propose",
        "proposals.decide",
        "calibrating.start",
        "calibrating.say",
        "calibrating.close",
        "second_factor.ask",
        "second_factor.set_up",
        "second_factor.turn_off",
    }
    | {
        f"api.{name}"
        for name in (
            "add_review",
            "begin_calibration",
            "say_word",
            "close_calibration",
            "release_scorecard",
            "withdraw_scorecard",
            "assign_interaction",
            "add_reply",
            "propose_standard",
            "propose_change",
            "decide_proposal",
            "add_upload",
            "export",
            "keep_camera",
            "drop_camera",
            "join_customers",
            "decide_link",
            "make_user",
            "change_user",
            "change_own",
            "verify_log",
            "drop_user",
            "make_token",
            "drop_token",
            "begin_batch",
            "retry_batch",
            "cancel_batch",
            "set_keep_times",
            "add_hold",
            "lift_hold",
            "begin_erasure",
        )
    }
)
"""Endpoints whose change is logged where it is made, with what was changed."""

UNSEEN = frozenset({"languages.choose", "copying.events"})
"""What shows and changes nothing of the store: the language, and how far a copy is."""

PLAYED = frozenset({"interactions.media", "api.media"})


class Looks:
    """Who looked at what lately, so that one look is one row; of this process."""

    def __init__(self) -> None:
        self._since_s: dict[tuple[str, ...], float] = {}
        self._changing = threading.Lock()

    def is_new(self, *look: str) -> bool:
        """Whether this look was not told of within `AGAIN_S`; from now on it was."""
        now_s = time.monotonic()
        with self._changing:
            if now_s - self._since_s.get(look, -AGAIN_S) < AGAIN_S:
                return False
            self._since_s = {one: at_s for one, at_s in self._since_s.items() if now_s - at_s < AGAIN_S}
            self._since_s[look] = now_s
            return True


def of_browser() -> Actor:
    """Whoever sent this request, and from which address."""
    name = current_user.name if current_user.is_authenticated else "nobody"
    token = this_bearer()
    by = f"token {token.token.number}" if token else "browser"
    return Actor(name, f"{by} at {request.remote_addr or 'no address'}")


def register(app: Flask, store: Store) -> None:
    """Logs what every request shows and changes."""
    looks = Looks()

    def name() -> None:
        act_as(None if request.endpoint in (None, "static", "healthz") else of_browser())

    def log(response: Response) -> Response:
        row = _row(response.status_code)
        if row is not None:
            action, subject = row
            again = action in (Action.VIEW, Action.PLAY, Action.REFUSED)
            if not again or looks.is_new(_look(), action, subject):
                record(store, action, subject, address=request.endpoint)
        return response

    app.before_request(name)
    app.after_request(log)
    app.teardown_request(lambda _error: act_as(None))


def _look() -> str:
    """By which session or token somebody looks."""
    token = this_bearer()
    return f"token {token.token.number}" if token else str(session.get("id", ""))


def _row(status: int) -> tuple[Action, str] | None:
    """What this request did, and to what; None when that is not logged, or says itself."""
    endpoint = request.endpoint
    if endpoint is None or not current_user.is_authenticated:
        return None
    # What an address does not name, its view does.
    identity = str((request.view_args or {}).get("identity") or g.get("looked_at", ""))
    if status == HTTPStatus.FORBIDDEN or (status == HTTPStatus.NOT_FOUND and identity):
        return Action.REFUSED, identity or request.path
    if status >= HTTPStatus.BAD_REQUEST or endpoint in SAY_THEMSELVES | UNSEEN:
        return None
    if request.method not in ("GET", "HEAD"):
        return Action.CHANGE, identity or request.path
    if identity and status != HTTPStatus.NO_CONTENT:  # an open page asks, and there is nothing new
        return (Action.PLAY if endpoint in PLAYED else Action.VIEW), identity
    return None
