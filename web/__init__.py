"""The dashboard: what is stored, shown in a browser to people who logged in."""

import secrets
from collections.abc import Collection
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, current_app, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy import text
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from audit.once import SECRET, SECRET_BYTES
from audit.provider import Provider
from audit.scope import UserRole
from audit.sealing import key_file
from audit.store import Store
from models.errors import ComportError
from web import (
    accounts,
    admin,
    api,
    assigning,
    batches,
    calibrating,
    cameras,
    copying,
    customers,
    employees,
    exporting,
    in_place,
    interactions,
    interface,
    joining,
    languages,
    logbook,
    overview,
    own,
    people,
    proposals,
    provider,
    releasing,
    retention,
    reviewing,
    rights,
    second_factor,
    standards,
    token_pages,
    tries,
    uploading,
    views,
    wording,
)
from web.api import problems
from web.languages import gettext
from web.sessions import SESSION_S, Sessions

LONGEST_FORM_BYTES = 64 * 1024
"""The longest form is a comment of 4000 letters, each up to 12 bytes in a form; uploads allow more for
themselves."""

TLS_S = 365 * 24 * 3600
"""So long a browser that came over TLS comes by nothing else. Source: OWASP ASVS 5.0, 3.4.1: one year."""

_OF_THE_STORE = (
    overview,
    employees,
    customers,
    joining,
    standards,
    proposals,
    uploading,
    batches,
    interactions,
    copying,
    exporting,
    views,
    admin,
    token_pages,
    cameras,
    retention,
    people,
    reviewing,
    releasing,
    assigning,
    calibrating,
)
"""Rooms that need nothing but the store."""

_OURS = HTTPStatus.INTERNAL_SERVER_ERROR
"""The status of every other ComportError: the visitor cannot mend it."""


def create_app(
    store: Store,
    behind_proxy: bool = False,
    second_factor_of: Collection[UserRole] = (),
    identities: Provider | None = None,
    batches_from: Collection[Path] = (),
) -> Flask:
    """The WSGI application over one store.

    `behind_proxy` believes the X-Forwarded headers of one proxy, which speaks TLS to the visitors.
    Accounts of the roles in `second_factor_of` see nothing before they have a second factor. The provider of
    `identities` lets in whom it knows. Batches may be asked for of what lies in the folders
    `batches_from`.

    Raises:
        OSError: the secret key cannot be made in the store's folder.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=key_file(store.home / SECRET, SECRET_BYTES),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # The prefix makes browsers take it from this very host over TLS alone.
        SESSION_COOKIE_NAME="__Host-comport" if behind_proxy else "comport",
        SESSION_COOKIE_SECURE=behind_proxy,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=SESSION_S,
        PROVIDER=(identities.title or identities.issuer) if identities else "",
        BATCHES_FROM=tuple(folder.absolute() for folder in batches_from),
        SECOND_FACTOR_OF=frozenset(second_factor_of),
        MAX_CONTENT_LENGTH=LONGEST_FORM_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page left open over lunch still works
    )
    if behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    csrf = CSRFProtect(app)
    limiter = tries.of_everybody(app, store)
    app.before_request(_refuse_nul)
    languages.register(app)
    app.register_blueprint(languages.room())
    sessions = Sessions(store)
    app.register_blueprint(accounts.room(app, store, limiter, sessions))
    app.register_blueprint(second_factor.room(store, limiter, sessions))
    app.register_blueprint(provider.room(app, store, sessions, identities))
    app.register_blueprint(own.room(store, limiter, sessions))
    for one in _OF_THE_STORE:
        app.register_blueprint(one.room(store))
    app.register_blueprint(interface.room())
    programs = api.room(app, store, tries.of_this_process(app), limiter)
    app.register_blueprint(programs)
    # A token in a header is sent by no form and by no page of others.
    csrf.exempt(programs)
    # It checks the form itself, once whoever sends it may send more than a form.
    csrf.exempt("web.uploading.take")
    wording.register(app)
    app.add_url_rule("/healthz", "healthz", lambda: _healthz(store))
    logbook.register(app, store)
    rights.register(app)
    app.after_request(_harden)
    app.after_request(in_place.vary)
    app.register_error_handler(ComportError, _explain)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _show_error)
    app.context_processor(lambda: {"style_nonce": _style_nonce})
    return app


def _refuse_nul() -> None:
    """Refuses the character that no text of PostgreSQL can hold, in an address and in a form.

    Where more than a form may be sent, whoever takes it looks for it.
    """
    given = [request.path, *(text for both in request.args.items(multi=True) for text in both)]
    if request.endpoint != "uploading.take" and not problems.is_ours():
        given += (text for both in request.form.items(multi=True) for text in both)
    if any("\0" in one for one in given):
        abort(HTTPStatus.BAD_REQUEST)


def _healthz(store: Store) -> Response:
    with store.reading() as connection:
        connection.execute(text("SELECT 1"))
    return jsonify(status="ok")


def _style_nonce() -> str:
    """A word that lets one style element of this very answer through the policy below."""
    if "style_nonce" not in g:
        g.style_nonce = secrets.token_urlsafe(18)
    return str(g.style_nonce)


def _harden(response: Response) -> Response:
    # The waveform draws in a shadow tree with a style element of its own: it is let in by a nonce, on its
    # page alone.
    nonce = f" 'nonce-{g.style_nonce}'" if "style_nonce" in g else ""
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' data:; "
        "media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers["Strict-Transport-Security"] = f"max-age={TLS_S}; includeSubDomains"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if response.mimetype in ("text/html", "application/json"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _explain(error: Exception) -> ResponseReturnValue:
    if problems.is_ours():
        return problems.of(error)
    status = next((s for kind, s in problems.STATUS.items() if isinstance(error, kind)), _OURS)
    # What is where on this machine is nothing for people who have not logged in.
    line = ""
    if isinstance(error, problems.OF_DATABASE):
        current_app.logger.error("%s", error.line)
    elif isinstance(error, ComportError) and current_user.is_authenticated:
        line = wording.told(error)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(error=line or str(wording.ERRORS.get(status, wording.ERRORS[_OURS])[0])), status
    return _error_page(status, line, wording.CONFLICTS.get(type(error))), status


def _stale_form(error: Exception) -> ResponseReturnValue:
    # Whose session is over has no form that fits any more: first comes the login.
    login = None if current_user.is_authenticated else rights.check()
    if login is not None:
        return login
    detail = gettext(
        "The form was not sent from a page of this dashboard, or that page is too old. Open it again."
    )
    return _error_page(HTTPStatus.BAD_REQUEST, detail), HTTPStatus.BAD_REQUEST


def _show_error(error: Exception) -> ResponseReturnValue:
    if not isinstance(error, HTTPException) or error.code is None or error.code < 400:
        return error  # type: ignore[return-value]
    if isinstance(error.response, Response):  # a room has answered for itself, as the login does
        return error.response
    if problems.is_ours():
        return problems.of(error)
    headers = [(k, v) for k, v in error.get_headers() if k in ("Retry-After", "Allow", "Content-Range")]
    return _error_page(HTTPStatus(error.code), ""), error.code, headers


def _error_page(status: HTTPStatus, detail: str, said: tuple[Any, Any] | None = None) -> str:
    title, remedy = said or wording.ERRORS.get(status, wording.ERRORS[_OURS])
    return render_template("error.html", status=int(status), title=title, detail=detail or remedy)
