"""The pages in English, Italian and Persian: every word of them, their figures, their calendar, their direction."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask_babel import force_locale
from jinja2 import nodes
from sqlalchemy import delete, update

from audit import tables as t
from audit.store import open_store
from audit.users import add_user
from tests.test_web import PASSWORD, keep_call, log_in, page, stereo, token
from web import catalogues, create_app, languages, wording
from web.languages import LANGUAGES, catalogue

TEMPLATES = sorted((Path(languages.__file__).parent / "templates").rglob("*.html"))
TRANSLATED = [code for code in LANGUAGES if code != "en"]

SPOKEN = ("title", "alt", "placeholder", "aria-label", "aria-description")
"""Attributes that people read or hear."""

NO_WORDS = ("code", "pre", "kbd", "script", "style")

NAMES = {"Comport"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("languages")


@pytest.fixture(scope="module")
def store(home):
    found = open_store(home / "store")
    add_user(found, "ana", PASSWORD)
    return found


@pytest.fixture(scope="module")
def call(store, home):
    return keep_call(store, home, stereo(home))


@pytest.fixture(scope="module")
def app(store):
    return create_app(store)


@pytest.fixture(scope="module")
def browser(app):
    one = app.test_client()
    assert log_in(one).status_code == 302
    return one


@pytest.fixture
def client(browser):
    """A browser of somebody who logged in and has chosen no language yet."""
    browser.delete_cookie(languages.CHOSEN)
    return browser


def shown(node):
    """What a template prints by itself: its text, and words in its expressions that no catalogue sees."""
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.Const):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, nodes.Output):
        return "".join(map(shown, node.nodes))
    if isinstance(node, nodes.CondExpr):
        return " ".join(shown(one) for one in (node.expr1, node.expr2) if one)
    if isinstance(node, nodes.Concat):
        return "".join(map(shown, node.nodes))
    if isinstance(node, nodes.Add | nodes.Or):
        return shown(node.left) + shown(node.right)
    return ""


class Texts(HTMLParser):
    """Gathers what is read on a page."""

    def __init__(self):
        super().__init__()
        self.within, self.found = [], []

    def handle_starttag(self, tag, attrs):
        self.within.append(tag)
        self.found += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag):
        if tag in self.within:
            del self.within[len(self.within) - self.within[::-1].index(tag) - 1 :]

    def handle_data(self, data):
        if not set(self.within) & set(NO_WORDS):
            self.found.append(data)


def unwrapped(jinja, source):
    # A class of the body is no word.
    tree = jinja.parse(re.sub(r"{% block body_class %}.*?{% endblock %}", "", source))
    printed = " ".join(shown(one) for one in tree.find_all(nodes.Output))
    texts = Texts()
    texts.feed(printed)
    words = (word for text in texts.found for word in re.findall(r"[^\W\d_]{2,}", text))
    return [word for word in words if word not in NAMES]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_word_of_a_page_is_left_out_of_the_catalogues(app, template):
    assert unwrapped(app.jinja_env, template.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("<p>{{ _('Name') }}</p>", []),
        ("<p>Name</p>", ["Name"]),
        ("<p>{{ 'Left' if x else _('Right') }}</p>", ["Left"]),
        ("<p class=\"{{ 'out' if x }}\">{{ x }}</p>", []),
        ("<img alt='Face'>", ["Face"]),
        ("<code>comport demo</code> – {{ x }}", []),
        ("{% trans %}Name{% endtrans %}", []),
        ("{% if x %}Name{% endif %}", ["Name"]),
    ],
)
def test_words_that_are_left_out_are_found(app, source, left):
    assert unwrapped(app.jinja_env, source) == left


@pytest.fixture(scope="module")
def wanted():
    return {message.id for message in catalogues.wanted() if message.id}


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_catalogue_has_a_translation_of_everything_and_nothing_else(wanted, code):
    has = {m.id: catalogues.forms(m) for m in catalogue(code) if m.id}
    assert wanted - set(has) == set(), "run: python -m web.catalogues, then translate"
    assert set(has) - wanted == set(), "run: python -m web.catalogues"
    assert [one for one, forms in has.items() if not all(forms)] == []


PLACE = re.compile(r"%\(\w+\)s|%%|<[^>]+>")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_size_or_product_runs_from_the_left_in_persian_too(template):
    text = template.read_text("utf-8")
    for found in re.finditer(r"\}\} × \{\{", text):
        before = text[: found.start()]
        assert before.rfind('<bdi dir="ltr"') > before.rfind("</bdi>"), text[found.start() - 60 : found.end()]


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_keeps_the_places_of_what_is_put_in(code):
    def places(text):
        return sorted(one for one in PLACE.findall(text) if not one.startswith("<code"))

    for message in catalogue(code):
        if message.id:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            assert {str(places(f)) for f in catalogues.forms(message)} <= {str(places(i)) for i in ids}, (
                message.id
            )


def test_every_script_text_reaches_its_page(client, call):
    sources = "".join(path.read_text("utf-8") for path in Path(languages.HERE, "ui", "src").glob("*.ts"))
    said = set(re.findall(r'gettext\("([^"]+)"\)', sources))
    assert said
    assert set(languages.script_words("fa")) == said
    client.set_cookie(languages.CHOSEN, "fa")
    saidpage = page(client, f"/interactions/{call.id}")
    (words,) = [a["data-words"] for tag, a in saidpage.tags if tag == "body"]
    assert set(json.loads(words)) == said


@pytest.mark.parametrize(
    ("accepts", "chosen", "code", "title", "direction"),
    [
        (None, None, "en", "Interactions", "ltr"),
        ("it-IT,it;q=0.9,en;q=0.5", None, "it", "Interazioni", "ltr"),
        ("fa-IR,fa;q=0.9", None, "fa", "تعامل‌ها", "rtl"),
        ("de", None, "en", "Interactions", "ltr"),
        ("it", "fa", "fa", "تعامل‌ها", "rtl"),
        ("it", "xx", "it", "Interazioni", "ltr"),
    ],
)
def test_a_choice_goes_before_the_languages_of_the_browser(client, accepts, chosen, code, title, direction):
    if chosen:
        client.set_cookie(languages.CHOSEN, chosen)
    answer = client.get("/interactions", headers={"Accept-Language": accepts} if accepts else {})
    assert f'<html lang="{code}" dir="{direction}">' in answer.text
    assert f"<h1>{title}</h1>" in answer.text


@pytest.mark.parametrize(
    ("asked", "then", "kept"),
    [
        ({"language": "fa", "next": "/?search=a"}, "/?search=a", "fa"),
        ({"language": "it", "next": "//elsewhere.example"}, "/", "it"),
        ({"language": "xx"}, "/", None),
    ],
)
def test_a_chosen_language_is_kept_and_leads_back(client, asked, then, kept):
    form = {"csrf_token": token(client, "/"), **asked}
    answer = client.post("/language", data=form)
    assert (answer.status_code, answer.location) == (303, then)
    cookie = client.get_cookie(languages.CHOSEN)
    assert (cookie.value if cookie else None) == kept


AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "figure", "share", "time", "at"),
    [
        ("en", "94.5", "95\xa0%", "1:07", "2026-03-02 09:15 UTC"),
        ("it", "94,5", "95\xa0%", "1:07", "2026-03-02 09:15 UTC"),
        ("fa", "۹۴٫۵", "۹۵\xa0٪", "۱:۰۷", "۱۱ اسفند ۱۴۰۴ (\u20662026-03-02 09:15 UTC\u2069)"),
    ],
)
def test_figures_and_days_are_written_as_the_language_writes_them(app, code, figure, share, time, at):
    with app.test_request_context(), force_locale(code):
        assert wording.number(94.46) == figure
        assert wording.percent(0.949) == share
        assert wording.clock(67.2) == time
        assert wording.day(AT) == at


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_page_of_an_interaction_is_in_the_language(client, call, code):
    client.set_cookie(languages.CHOSEN, code)
    saidpage = page(client, f"/interactions/{call.id}")
    assert {"it": "Trascrizione", "fa": "متن گفت‌وگو"}[code] in saidpage.text
    assert {"it": "Il calcolo del punteggio", "fa": "محاسبه‌ای که امتیاز را ساخت"}[code] in saidpage.text
    # So is what the machine says of a finding.
    assert {"it": "non detto: ", "fa": "گفته نشد: "}[code] in saidpage.text
    assert "not said" not in saidpage.text


def test_why_there_is_no_transcript_is_said_in_the_language(tmp_path):
    store = open_store(tmp_path / "store")
    add_user(store, "ana", PASSWORD)
    call = keep_call(store, tmp_path, stereo(tmp_path))
    with store.writing() as connection:
        connection.execute(delete(t.observation).where(t.observation.c.need == "utterances"))
        why = json.dumps([["utterances", "the recording has no sound"]])
        connection.execute(update(t.interaction).values(missing=why))
    browser = create_app(store).test_client()
    log_in(browser)
    said = browser.get(f"/interactions/{call.id}", headers={"Accept-Language": "it"}).text
    assert "Non c’è trascrizione: la registrazione non ha suono" in said
