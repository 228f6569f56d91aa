"""Logging in by an identity provider: a small one, that signs real tokens and answers over HTTP, runs in the test."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from audit.auditlog import entries
from audit.provider import BadProvider, load_provider
from audit.scope import UserRole
from audit.store import open_store
from audit.users import accounts, add_user, set_email, set_locked
from tests.test_web import PASSWORD
from web import create_app

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


def signed(claims, key=KEY):
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


def forged(claims, algorithm):
    """A token without a signature, or with one that anybody can make who knows the public key."""

    def written(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    said = ".".join(written(json.dumps(o).encode()) for o in ({"alg": algorithm, "kid": "one"}, claims))
    mac = hmac.new(KEY.as_pem(private=False), said.encode(), "sha256").digest()
    return f"{said}.{written(mac) if algorithm == 'HS256' else ''}"


class IdentityProvider:
    """An OpenID provider: it lets everybody in as who `claims` says, and hands out each code once."""

    def __init__(self):
        self.claims, self.issued, self.sign = {}, {}, signed
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, content=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

            def do_GET(self):
                asked = urlsplit(self.path)
                if asked.path.endswith("openid-configuration"):
                    self.answer(200, provider.metadata())
                elif asked.path == "/jwks":
                    self.answer(200, {"keys": [KEY.as_dict(private=False)]})
                else:
                    query = {name: value[0] for name, value in parse_qs(asked.query).items()}
                    code = f"code-{len(provider.issued)}"
                    provider.issued[code] = query
                    back = urlencode({"code": code, "state": query["state"]})
                    self.answer(302, Location=f"{query['redirect_uri']}?{back}")

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                form = {name: value[0] for name, value in parse_qs(self.rfile.read(length).decode()).items()}
                login = base64.b64encode(b"comport:the secret").decode()
                asked = provider.issued.pop(form["code"], None)
                digest = hashlib.sha256(form["code_verifier"].encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                right = (
                    asked is not None
                    and self.headers["Authorization"] == f"Basic {login}"
                    and asked["code_challenge_method"] == "S256"
                    and asked["code_challenge"] == challenge
                    and asked["redirect_uri"] == form["redirect_uri"]
                )
                if right:
                    self.answer(200, provider.token(asked), **{"Content-Type": "application/json"})
                else:
                    self.answer(400, {"error": "invalid_grant"}, **{"Content-Type": "application/json"})

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def metadata(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }

    def token(self, asked):
        now_s = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": "comport",
            "sub": "1234",
            "iat": now_s,
            "exp": now_s + 300,
            "nonce": asked["nonce"],
        }
        identity = self.sign({n: v for n, v in (claims | self.claims).items() if v is not None})
        return {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": identity}


@pytest.fixture
def provider():
    one = IdentityProvider()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path / "home")
    add_user(found, "ana", PASSWORD, email="Ana@example.org")
    add_user(found, "ben", None, UserRole.REVIEWER)
    return found


MAPPED = {
    "role_claim": "groups",
    "roles": {"comport-leads": "lead", "comport-qa": "reviewer", "comport-admins": "admin"},
    "team_claim": "department",
}


def configured(folder, issuer, /, **more):
    (folder / "secret").write_text("the secret\n")
    facts = {"issuer": issuer, "client_id": "comport", "secret_file": "secret"} | more
    (folder / "provider.yaml").write_text(json.dumps(facts))
    return folder / "provider.yaml"


@pytest.fixture
def app(store, provider, tmp_path):
    return create_app(store, identities=load_provider(configured(tmp_path, provider.issuer)))


def visit(browser, target=None):
    """Goes to the provider and comes back, as a browser does; gives what Comport answers."""
    begun = browser.get("/login/provider", query_string={"next": target} if target else None)
    assert begun.status_code == 302, begun.text
    there = requests.get(begun.location, allow_redirects=False, timeout=10)
    return browser.get(there.headers["Location"].removeprefix("http://localhost"))


ANA = {"email": "ana@example.org", "email_verified": True}


def test_a_verified_address_lets_in_and_is_known_by_its_subject_from_then_on(app, store, provider):
    provider.claims = ANA
    browser = app.test_client()
    assert "/login/provider" in browser.get("/login").text
    assert visit(browser, "/?search=refund").location == "/?search=refund"
    assert browser.get("/account").status_code == 200
    provider.claims = {"email": "changed@example.org", "email_verified": False}
    assert visit(app.test_client()).location == "/"
    happened = [(one.action, one.who, one.subject) for one in entries(store)][:3]
    assert happened == [
        ("log in", "ana", "ana"),
        ("log in", "ana", "ana"),
        ("identity joined", "nobody", "ana"),
    ]


def test_who_takes_the_address_of_somebody_else_gets_neither_their_login_nor_their_role(
    store, provider, tmp_path
):
    provider.claims = {"email": "boss@example.org", "email_verified": True, "groups": "comport-admins"}
    app = create_app(store, identities=load_provider(configured(tmp_path, provider.issuer, **MAPPED)))
    add_user(store, "eve", PASSWORD, UserRole.REVIEWER)
    set_email(store, "eve", "boss@example.org", own=True)
    assert visit(app.test_client()).status_code == 401
    assert {one.name: one.role for one in accounts(store)}["eve"] == UserRole.REVIEWER
    # Once an admin says that it is hers, it is.
    set_email(store, "eve", "boss@example.org")
    assert visit(app.test_client()).location == "/"


@pytest.mark.parametrize(
    ("claims", "because"),
    [
        ({"email": "ana@example.org"}, "no account has this identity"),
        (ANA | {"email_verified": "true"}, "no account has this identity"),
        (ANA | {"email": "eve@example.org"}, "no account has this identity"),
        ({}, "no account has this identity"),
        (ANA | {"nonce": "another"}, "nonce"),
        (ANA | {"nonce": None}, "nonce"),
        (ANA | {"aud": "another client"}, "aud"),
        (ANA | {"aud": ["comport", "another"], "azp": "another"}, "azp"),
        (ANA | {"iss": "https://evil.example"}, "iss"),
        (ANA | {"exp": 1}, "expired"),
        (ANA | {"exp": None}, "exp"),
        (ANA | {"sub": None}, "sub"),
    ],
)
def test_what_the_provider_does_not_say_rightly_lets_nobody_in(app, store, provider, claims, because):
    provider.claims = claims
    browser = app.test_client()
    answer = visit(browser)
    assert answer.status_code == 401 and 'role="alert"' in answer.text
    assert because in entries(store, action="log in refused")[0].detail["because"]
    assert browser.get("/").location == "/login"


@pytest.mark.parametrize(
    "sign",
    [
        lambda claims: signed(claims, OTHER),
        lambda claims: forged(claims, "HS256"),
        lambda claims: forged(claims, "none"),
        lambda claims: signed(claims)[:-4] + "AAAA",
        lambda claims: "no token",
    ],
    ids=["another key", "the public key as a password", "none", "changed", "nothing"],
)
def test_a_token_that_others_have_signed_lets_nobody_in(app, provider, sign):
    provider.claims, provider.sign = ANA, sign
    assert visit(app.test_client()).status_code == 401
    provider.sign = signed
    assert visit(app.test_client()).status_code == 302


def test_a_way_back_that_this_browser_did_not_begin_lets_nobody_in(app, provider):
    provider.claims = ANA
    mine, theirs = app.test_client(), app.test_client()
    begun = theirs.get("/login/provider")
    there = requests.get(begun.location, allow_redirects=False, timeout=10)
    back = there.headers["Location"].removeprefix("http://localhost")
    assert mine.get(back).status_code == 401
    assert theirs.get(back).status_code == 302
    assert theirs.get(back).status_code == 401
    assert app.test_client().get("/login/provider/back").status_code == 401
    assert app.test_client().get("/login/provider/back?error=access_denied").status_code == 401


def test_a_provider_that_is_away_is_told(app, provider):
    provider.server.shutdown()
    provider.server.server_close()
    answer = app.test_client().get("/login/provider")
    assert (answer.status_code, "Logging in with your organisation failed" in answer.text) == (401, True)


def test_a_locked_account_stays_locked(app, store, provider):
    add_user(store, "eve", PASSWORD, UserRole.ADMIN)
    set_locked(store, "ana", True)
    provider.claims = ANA
    assert visit(app.test_client()).status_code == 401


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"groups": ["staff", "comport-qa"]}, ("reviewer", "")),
        ({"groups": "comport-leads", "department": "Milan desk"}, ("lead", "Milan desk")),
        ({"groups": ["comport-admins", "comport-qa"]}, ("reviewer", "")),
        ({"groups": ["staff"]}, None),
        ({}, None),
        ({"groups": "comport-leads"}, None),
    ],
)
def test_a_claim_gives_the_role(store, provider, tmp_path, claims, expected):
    add_user(store, "cleo", None, UserRole.AUDITOR, email="cleo@example.org")
    app = create_app(store, identities=load_provider(configured(tmp_path, provider.issuer, **MAPPED)))
    provider.claims = {"email": "cleo@example.org", "email_verified": True} | claims
    browser = app.test_client()
    assert visit(browser).status_code == (302 if expected else 401)
    (cleo,) = (one for one in accounts(store) if one.name == "cleo")
    assert (cleo.role, cleo.team) == (expected or ("auditor", ""))
    if expected:
        assert browser.get("/").status_code == 200
        # The same again is no change: the session goes on.
        assert visit(app.test_client()).status_code == 302
        assert browser.get("/").status_code == 200


def test_who_comes_by_a_provider_needs_no_second_factor_here(store, provider, tmp_path):
    told = load_provider(configured(tmp_path, provider.issuer))
    app = create_app(store, second_factor_of=[UserRole.ADMIN], identities=told)
    provider.claims = ANA
    browser = app.test_client()
    visit(browser)
    assert browser.get("/").status_code == 200


def test_without_a_provider_there_is_no_such_way(store):
    browser = create_app(store).test_client()
    assert "/login/provider" not in browser.get("/login").text
    assert (
        browser.get("/login/provider").status_code == browser.get("/login/provider/back").status_code == 404
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"issuer": "http://example.org"}, "is not safe"),
        ({"issuer": 5}, "Expected `str`"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"secret_file": "nothing"}, "cannot read"),
        ({"secret_file": "empty"}, "empty is empty"),
        ({"roles": {"x": "boss"}, "role_claim": "g"}, "Invalid enum value 'boss'"),
        ({"roles": {"x": "admin"}}, "role_claim and roles go together"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path, change, says):
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(BadProvider, match=says) as told:
        load_provider(configured(tmp_path, "https://login.example.org", **change))
    assert "provider.yaml: " in told.value.line
