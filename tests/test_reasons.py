"""The machine's reasons in the language of the page: every sentence that packs and samples bring about."""

import functools
import re
from html import unescape
from pathlib import Path

import pytest
from flask_babel import force_locale

from audit.outcomes import words_of
from audit.pipeline import audit_file, find_rubric, pack_names
from audit.roles import UNTOLD
from audit.rubric import Rubric
from audit.signals import measure_kinds
from audit.store import open_store
from audit.workbench import run_examples
from web import create_app
from web.reasons import reason
from web.sentences import MEASURES, SENTENCES

SAMPLES = Path(__file__).parent.parent / "samples"

WRITTEN = sorted(SAMPLES.glob("*.vtt")) + sorted(SAMPLES.glob("*.jsonl"))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return create_app(open_store(tmp_path_factory.mktemp("reasons")))


@functools.cache
def rubrics() -> tuple[Rubric, ...]:
    return tuple(map(find_rubric, pack_names()))


def said(app, language, text):
    with app.test_request_context(), force_locale(language):
        return str(reason(text))


def english(app, text):
    """The parts of a reason that are not known, so that they stay English."""
    return re.findall(r'<span lang="en" dir="ltr">(.*?)</span>', said(app, "it", text), re.DOTALL)


def test_every_measure_has_a_name_for_pages():
    assert set(MEASURES) == {words_of(name) for name in measure_kinds()}


@pytest.mark.parametrize("pack", pack_names())
def test_every_reason_of_the_examples_of_a_pack_is_known(app, pack):
    reasons = {one.reason for one in run_examples(find_rubric(pack))}
    assert reasons
    assert {part for text in reasons for part in english(app, text)} == set()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_reason_and_caveat_of_a_sample_is_known(app, path):
    fitting = [one for one in rubrics() if one.language == "en"]
    texts = set()
    for card in audit_file(path, fitting).scorecards:
        texts |= {finding.reason for finding in card.findings} | {*card.caveats, card.roles.how}
    assert {part for text in texts for part in english(app, text)} == set()


@pytest.mark.parametrize(
    ("english", "italian", "persian"),
    [
        (
            "said 'greeting' at 0:01",
            "detto “greeting” a 0:01",
            "گفته شد: “greeting” در ۰:۰۱",
        ),
        (
            "the left channel is the agent: formulas said 3 by the left channel against 0 by voice 2; "
            "who speaks first and says you and your counts too",
            "il canale sinistro è l’agente: formule dette: 3 (il canale sinistro) contro 0 (voce 2); "
            "conta anche chi parla per primo e chi dice Lei e Suo",
            "کانال چپ کارشناس است: عبارت‌های رسمی گفته‌شده: ۳ (کانال چپ) در برابر ۰ (صدای ۲)؛ "
            "اینکه چه کسی نخست سخن می‌گوید و «شما» می‌گوید هم به شمار می‌آید",
        ),
        (
            "longest silence 3.2 s, wanted at most 15 s",
            "silenzio più lungo 3,2 s, richiesto al massimo 15 s",
            "طولانی‌ترین سکوت ۳٫۲ ثانیه، خواسته: حداکثر ۱۵ ثانیه",
        ),
        (
            "2 of 3 times; not said: 'a' or 'b'; only negated: 'c' at 1:02:03 and 4 more",
            "2 volte su 3; non detto: “a” o “b”; solo negato: “c” a 1:02:03 e altri 4",
            "۲ از ۳ بار؛ گفته نشد: “a” یا “b”؛ تنها به‌صورت منفی: “c” در ۱:۰۲:۰۳ و ۴ مورد دیگر",
        ),
    ],
)
def test_a_reason_is_said_in_the_language_of_the_page(app, english, italian, persian):
    def plain(text):
        return re.sub(r"</?bdi>", "", text).replace("\N{NO-BREAK SPACE}", " ")

    assert said(app, "en", english) == english
    assert plain(said(app, "it", english)) == italian
    assert plain(said(app, "fa", english)) == persian


def test_what_stands_in_a_slot_keeps_its_direction_and_is_never_run(app):
    text = said(app, "fa", "not said: '<script>alert(1)</script>'")
    assert "<bdi>“&lt;script&gt;alert(1)&lt;/script&gt;”</bdi>" in text


def test_a_sentence_that_is_not_known_stays_and_is_marked_as_english(app):
    text = said(app, "it", "did not happen; <b>the moon</b> was full")
    assert text.endswith('; <span lang="en" dir="ltr">&lt;b&gt;the moon&lt;/b&gt; was full</span>')
    assert english(app, "did not happen; the moon was full") == ["the moon was full"]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("said 'greeting' at the counter", "said 'greeting' at the counter"),
        ("said 'a' at 0:01, 'well' was unclear, 'b' at 0:02", "'well' was unclear"),
        ("said 'a' at 0:01 in two\nlines", "in two\nlines"),
        ("Not perceived: Words (the moon was full)", "parole"),
        ("applies From 3 s; longest silence was 2 s", "3"),
        ("no words of the cu\u017ftomer to look at", "no words of the cu\u017ftomer to look at"),
    ],
)
def test_no_word_of_a_reason_is_lost(app, text, holds):
    assert holds in re.sub(r"<[^>]+>", "", unescape(said(app, "it", text)))


@pytest.mark.parametrize(
    "how",
    [
        UNTOLD,
        "who is the agent is unknown: nobody else is in it; formulas said 0 by voice 1",
        "'Sara' is the agent: formulas said 2 by 'Sara' against 0 by 'Bob'; who speaks first and says you and "
        "your counts too; person-1 is the agent (in the house colours, behind the counter)",
        "who speaks is told by whose mouth moves; no agent among the 3 people seen",
        "the rubric says that the right channel is the agent; whether the one person seen is the agent is unknown",
        "nobody says a word: who is the agent is unknown; who of the 2 people seen is the agent is unknown",
    ],
)
def test_why_somebody_has_a_role_is_known(app, how):
    assert english(app, how) == []


def test_what_stays_english_together_reads_in_one_direction(app):
    text = said(app, "fa", "did not happen; the moon was full; the sun was late; did not happen")
    assert re.findall("<span.*?</span>", text) == [
        '<span lang="en" dir="ltr">the moon was full; the sun was late</span>'
    ]


def test_no_sentence_stands_twice():
    assert len(SENTENCES) == len(set(SENTENCES))


@pytest.mark.parametrize(
    "text",
    [
        "1 of 3 interactions have no time: they stand last, compared with none",
        "1 of 3 interactions have no words yet: audit them",
        "2 of 3 interactions were not looked at for repetition: who is who in them is unknown",
        "1 of 3 interactions were not looked at for repetition: only en, fa, it are known; a language that is "
        "missing goes into the .meta.yaml beside the file, as language: en",
    ],
)
def test_what_a_journey_lacks_is_said_in_the_language_of_the_page(app, text):
    assert english(app, text) == []
    assert "interactions" not in said(app, "it", text) + said(app, "fa", text)
