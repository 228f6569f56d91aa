"""Who may open what: the rights of each role, and the right that each address asks for.

A new route gets its rule by one line in `RULES`: the name of its endpoint (`blueprint.function`) and the
right that it asks for. A route without a line is refused to everybody, and `tests/test_rights.py` fails.
Then:

- what it shows is narrowed by `scope()`: give it to `audit.searching.find`, `store.interaction`,
  `store.scorecards` and `next_waiting`, or put `scope().interactions()` (conditions on the table
  `interaction`) or `scope().scorecards()` (on `scorecard`) into your own query. `web.interactions.find(store,
  identity)` and `cards_of(store, found)` do it already: what lies outside the scope is 404, as if it did not
  exist;
- what it opens of one interaction is logged when its part of the address is named `identity`, and each change
  that succeeds too (`web/logbook.py`); what gives out much at once writes an `export` of its own;
- `may("review")` tells a view or a template whether to offer a button that asks for that right;
- the name of whoever asks is `person().name`.
"""

from enum import StrEnum
from http import HTTPStatus
from typing import cast

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from audit.scope import Scope, UserRole, scope_of
from web.in_place import in_place, open_anew
from web.sessions import Person


class Right(StrEnum):
    """What an address asks of whoever opens it."""

    PUBLIC = "public"
    """Nothing: no login either."""
    OWN = "own"
    """To be logged in: one's own account, and nothing of the store."""
    READ = "read"
    """To see interactions and scorecards of one's scope."""
    COMPARE = "compare"
    """To see figures of several people side by side: overviews of teams, branches and standards."""
    EXPORT = "export"
    """To take the list of one's scope out of the house, without personal data."""
    REVIEW = "review"
    """To say what holds of findings, to go through what waits, and to take part in calibrations."""
    RELEASE = "release"
    """To show a scorecard to its agent."""
    REPLY = "reply"
    """To comment on or dispute one's own released scorecard."""
    JOIN = "join"
    """To say which identities are one customer: asks for seeing all interactions of both."""
    DECIDE = "decide"
    """To decide on what staff propose about the standards, and to see who proposed it."""
    BRING = "bring"
    """To bring in recordings and to start their audits."""
    LOG = "log"
    """To read the audit log."""
    ADMIN = "admin"
    """To manage accounts and settings."""


_ALL = frozenset(Right) - {Right.REPLY}
_VISITOR = frozenset({Right.PUBLIC, Right.OWN, Right.READ})

RIGHTS: dict[UserRole, frozenset[Right]] = {
    UserRole.ADMIN: _ALL,
    UserRole.REVIEWER: _VISITOR
    | {Right.COMPARE, Right.REVIEW, Right.RELEASE, Right.JOIN, Right.DECIDE, Right.BRING},
    UserRole.TRAINER: _VISITOR | {Right.COMPARE},
    UserRole.LEAD: _VISITOR | {Right.COMPARE, Right.EXPORT, Right.REVIEW, Right.RELEASE},
    UserRole.AGENT: _VISITOR | {Right.REPLY},
    UserRole.AUDITOR: _VISITOR | {Right.COMPARE, Right.EXPORT, Right.LOG},
}
"""What each role may; `docs/security.md` says it to people."""

RULES: dict[str, Right] = {
    "static": Right.PUBLIC,
    "healthz": Right.PUBLIC,
    "accounts.login": Right.PUBLIC,
    "languages.choose": Right.PUBLIC,
    "accounts.logout": Right.OWN,
    "second_factor.ask": Right.PUBLIC,
    "provider.begin": Right.PUBLIC,
    "provider.back": Right.PUBLIC,
    "second_factor.set_up": Right.OWN,
    "second_factor.turn_off": Right.OWN,
    "own.account": Right.OWN,
    "own.password": Right.OWN,
    "own.email": Right.OWN,
    "own.end_others": Right.OWN,
    "own.notify": Right.OWN,
    "admin.users": Right.ADMIN,
    "admin.add": Right.ADMIN,
    "admin.change": Right.ADMIN,
    "admin.log": Right.LOG,
    "admin.verify_log": Right.LOG,
    "tokens.everything": Right.ADMIN,
    "tokens.add": Right.ADMIN,
    "tokens.revoke": Right.ADMIN,
    "cameras.everything": Right.ADMIN,
    "cameras.add": Right.ADMIN,
    "cameras.one": Right.ADMIN,
    "cameras.change": Right.ADMIN,
    "cameras.picture": Right.ADMIN,
    "retention.everything": Right.ADMIN,
    "retention.keep": Right.ADMIN,
    "retention.hold": Right.ADMIN,
    "retention.lift": Right.ADMIN,
    "retention.ask": Right.ADMIN,
    "retention.erase": Right.ADMIN,
    "retention.resume": Right.ADMIN,
    "retention.erasure": Right.ADMIN,
    "retention.events": Right.ADMIN,
    "overview.start": Right.READ,
    "employees.everybody": Right.COMPARE,
    "employees.one": Right.READ,
    "customers.everybody": Right.READ,
    "customers.one": Right.READ,
    "joining.proposals": Right.JOIN,
    "joining.ask": Right.JOIN,
    "joining.join": Right.JOIN,
    "joining.decide": Right.JOIN,
    "standards.everything": Right.READ,
    "standards.one": Right.READ,
    "proposals.of_rubric": Right.READ,
    "proposals.propose": Right.READ,
    "proposals.decide": Right.DECIDE,
    "uploading.upload": Right.BRING,
    "uploading.take": Right.BRING,
    "uploading.one": Right.BRING,
    "uploading.events": Right.BRING,
    "batches.everything": Right.BRING,
    "batches.begin": Right.BRING,
    "batches.one": Right.BRING,
    "batches.events": Right.BRING,
    "batches.again": Right.BRING,
    "batches.cancel": Right.BRING,
    "interactions.index": Right.READ,
    "interactions.interaction": Right.READ,
    "interactions.media": Right.READ,
    "interactions.waveform": Right.READ,
    "interactions.waiting": Right.READ,
    "copying.events": Right.READ,
    "copying.again": Right.READ,
    "exporting.take": Right.EXPORT,
    "views.keep": Right.READ,
    "views.change": Right.READ,
    "people.people": Right.READ,
    "people.frame": Right.READ,
    "reviewing.newest": Right.READ,
    "reviewing.say": Right.REVIEW,
    "reviewing.next_": Right.REVIEW,
    "calibrating.ask": Right.REVIEW,
    "calibrating.start": Right.REVIEW,
    "calibrating.everything": Right.REVIEW,
    "calibrating.one": Right.REVIEW,
    "calibrating.say": Right.REVIEW,
    "calibrating.close": Right.REVIEW,
    "assigning.assign": Right.REVIEW,
    "assigning.assign_many": Right.REVIEW,
    "releasing.release": Right.RELEASE,
    "releasing.withdraw": Right.RELEASE,
    "releasing.reply": Right.REPLY,
    "interface.page": Right.PUBLIC,
    "api.list_interactions": Right.READ,
    "api.interaction": Right.READ,
    "api.transcript": Right.READ,
    "api.media": Right.READ,
    "api.waveform": Right.READ,
    "api.waits": Right.READ,
    "api.people_seen": Right.READ,
    "api.frame": Right.READ,
    "api.interaction_outcomes": Right.READ,
    "api.searches": Right.READ,
    "api.search": Right.READ,
    "api.make_search": Right.READ,
    "api.change_search": Right.READ,
    "api.drop_search": Right.READ,
    "api.scorecards": Right.READ,
    "api.scorecard": Right.READ,
    "api.findings": Right.READ,
    "api.reviews": Right.READ,
    "api.replies": Right.READ,
    "api.rubrics": Right.READ,
    "api.rubric": Right.READ,
    "api.standards": Right.READ,
    "api.list_proposals": Right.READ,
    "api.rubric_proposals": Right.READ,
    "api.standard_proposals": Right.READ,
    "api.proposal": Right.READ,
    "api.propose_standard": Right.READ,
    "api.propose_change": Right.READ,
    "api.decide_proposal": Right.DECIDE,
    "api.list_customers": Right.READ,
    "api.customer": Right.READ,
    "api.customer_interactions": Right.READ,
    "api.journey": Right.READ,
    "api.links": Right.JOIN,
    "api.link": Right.JOIN,
    "api.join_customers": Right.JOIN,
    "api.decide_link": Right.JOIN,
    "api.list_employees": Right.READ,
    "api.employee": Right.READ,
    "api.employee_interactions": Right.READ,
    "api.outcomes": Right.COMPARE,
    "api.overview": Right.COMPARE,
    "api.assignment": Right.COMPARE,
    "api.assign_interaction": Right.REVIEW,
    "api.export": Right.EXPORT,
    "api.add_review": Right.REVIEW,
    "api.next_": Right.REVIEW,
    "api.begin_calibration": Right.REVIEW,
    "api.list_calibrations": Right.REVIEW,
    "api.calibration": Right.REVIEW,
    "api.say_word": Right.REVIEW,
    "api.close_calibration": Right.REVIEW,
    "api.calibration_result": Right.REVIEW,
    "api.agreements": Right.REVIEW,
    "api.release_scorecard": Right.RELEASE,
    "api.withdraw_scorecard": Right.RELEASE,
    "api.add_reply": Right.REPLY,
    "api.batches": Right.BRING,
    "api.batch": Right.BRING,
    "api.begin_batch": Right.BRING,
    "api.retry_batch": Right.BRING,
    "api.cancel_batch": Right.BRING,
    "api.list_uploads": Right.BRING,
    "api.upload": Right.BRING,
    "api.add_upload": Right.BRING,
    "api.users": Right.ADMIN,
    "api.user": Right.ADMIN,
    "api.make_user": Right.ADMIN,
    "api.change_user": Right.ADMIN,
    "api.drop_user": Right.ADMIN,
    "api.list_tokens": Right.ADMIN,
    "api.make_token": Right.ADMIN,
    "api.drop_token": Right.ADMIN,
    "api.list_cameras": Right.ADMIN,
    "api.camera_videos": Right.ADMIN,
    "api.camera_picture": Right.ADMIN,
    "api.keep_camera": Right.ADMIN,
    "api.drop_camera": Right.ADMIN,
    "api.keep_times": Right.ADMIN,
    "api.set_keep_times": Right.ADMIN,
    "api.due": Right.ADMIN,
    "api.list_holds": Right.ADMIN,
    "api.hold": Right.ADMIN,
    "api.add_hold": Right.ADMIN,
    "api.lift_hold": Right.ADMIN,
    "api.preview_erasure": Right.ADMIN,
    "api.list_erasures": Right.ADMIN,
    "api.erasure": Right.ADMIN,
    "api.begin_erasure": Right.ADMIN,
    "api.finish_erasure": Right.ADMIN,
    "api.log": Right.LOG,
    "api.verify_log": Right.LOG,
    "api.own_account": Right.OWN,
    "api.change_own": Right.OWN,
    "api.openapi": Right.PUBLIC,
}
"""Endpoint → the right it asks for."""


def register(app: Flask) -> None:
    """Asks every request for its right, and lets templates ask `may`."""
    app.before_request(check)
    app.add_template_global(may)


def person() -> Person:
    """Whoever asks, logged in."""
    return cast(Person, current_user)


def may(right: str) -> bool:
    """Whether whoever asks has this right."""
    return bool(current_user.is_authenticated) and Right(right) in RIGHTS[person().role]


def scope() -> Scope:
    """What of the interactions whoever asks may see."""
    one = person()
    return scope_of(one.role, one.team, one.employee)


def check() -> ResponseReturnValue | None:
    """Refuses a request that lacks the right of its address; leads to the login who has not logged in."""
    endpoint = request.endpoint
    if endpoint is None:
        return None  # no address of ours: 404
    right = RULES.get(endpoint)
    if right == Right.PUBLIC:
        return None
    if not current_user.is_authenticated:
        if request.blueprint == "api":
            abort(HTTPStatus.UNAUTHORIZED)
        if in_place():
            return open_anew()
        asked = request.full_path.removesuffix("?") if request.method == "GET" else None
        return redirect(url_for("accounts.login", next=None if asked == "/" else asked))
    if right is None:
        current_app.logger.error("%s has no rule in web/rights.py and is refused", endpoint)
    if right is None or right not in RIGHTS[person().role]:
        abort(HTTPStatus.FORBIDDEN)
    if right != Right.OWN and needs_second_factor():
        return open_anew() if in_place() else redirect(url_for("second_factor.set_up"))
    return None


def needs_second_factor() -> bool:
    """Whether whoever asks has to set up a second factor first."""
    return person().role in current_app.config["SECOND_FACTOR_OF"] and not person().second_factor
