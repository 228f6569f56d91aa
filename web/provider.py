"""Logging in by an identity provider: OpenID Connect, the code flow with PKCE, state and nonce."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from audit.auditlog import Action, act_as, record
from audit.provider import NoAccount, Provider, let_in
from audit.store import Store
from audit.users import BadUser
from web.accounts import login_page, own_path
from web.languages import gettext as _
from web.logbook import of_browser
from web.sessions import Sessions

PATIENCE_S = 10.0
"""So long the provider is waited for, each time it is asked."""

LEEWAY_S = 60
"""Its clock and ours may be so far apart: our choice; OpenID Connect Core, 3.1.3.7 allows a few minutes."""

SIGNED_BY = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures of tokens that are believed: none by a shared secret, and not `none`."""


def room(app: Flask, store: Store, sessions: Sessions, provider: Provider | None) -> Blueprint:
    """The addresses of this room; without a provider there is nothing at them."""
    blueprint = Blueprint("provider", __name__)
    remote = _client(app, provider) if provider else None
    failures = _failures() if provider else ()

    def begin() -> ResponseReturnValue:
        if remote is None:
            abort(HTTPStatus.NOT_FOUND)
        target = own_path(request.args.get("next", ""))
        try:
            answer = remote.authorize_redirect(url_for("provider.back", _external=True))
        except failures as error:
            return _refused(store, error)
        session["provider_next"] = target
        return answer  # type: ignore[no-any-return]

    def back() -> ResponseReturnValue:
        if remote is None or provider is None:
            abort(HTTPStatus.NOT_FOUND)
        target = own_path(str(session.get("provider_next", "")))
        try:
            claims = _claims(remote, provider)
            name = let_in(store, provider, claims)
        except failures as error:
            return _refused(store, error)
        sessions.begin(name, by_provider=True)
        act_as(of_browser())
        record(store, Action.LOG_IN, name, by=provider.issuer)
        return redirect(target or url_for("overview.start"))

    blueprint.add_url_rule("/login/provider", "begin", begin)
    blueprint.add_url_rule("/login/provider/back", "back", back)
    return blueprint


def _client(app: Flask, provider: Provider) -> Any:
    from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]

    return OAuth(app).register(
        "provider",
        client_id=provider.client_id,
        client_secret=provider.secret,
        server_metadata_url=provider.issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": PATIENCE_S,
        },
    )


def _claims(remote: Any, provider: Provider) -> dict[str, Any]:
    """Who came back, as the provider says; signature, issuer, audience, time and nonce are checked."""
    metadata = remote.load_server_metadata()
    if metadata.get("issuer") != provider.issuer:
        raise NoAccount(f"the provider calls itself '{metadata.get('issuer')}'")
    offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = sorted(SIGNED_BY.intersection(offered))
    token = remote.authorize_access_token(
        claims_options={
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
            "nonce": {"essential": True},
        },
        leeway=LEEWAY_S,
    )
    if not token.get("userinfo"):
        raise NoAccount("the provider sent no identity")
    return dict(token["userinfo"])


def _failures() -> tuple[type[Exception], ...]:
    """What goes wrong: no account of ours, a provider's refusal, what it signed, the network."""
    from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
    from joserfc.errors import JoseError
    from requests import RequestException

    ours, broken = (NoAccount, BadUser), (ValueError, KeyError, RuntimeError)
    return (*ours, AuthlibBaseError, JoseError, RequestException, *broken)


def _refused(store: Store, error: Exception) -> ResponseReturnValue:
    record(store, Action.LOG_IN_REFUSED, "", because=f"{type(error).__name__}: {error}")
    if isinstance(error, NoAccount | BadUser):
        problem = _("Your organisation knows you, but no account here is yours. Ask an admin.")
    else:
        problem = _("Logging in with your organisation failed. Try again, or ask an admin.")
    return login_page(store, problem=problem), HTTPStatus.UNAUTHORIZED
