import pytest

from audit.interactions import Role
from audit.judge import judge
from audit.pattern import unfold
from audit.rubricfile import load_rubric
from audit.yamlfile import BadFile
from models.phrases import Phrases
from tests import build

PHRASES = {
    "en": {
        "promise": ["promise", "guarantee", "I promise"],
        "hold": ["hold the line"],
        "thanks": ["thank you"],
        "blame": ["that is your fault", "your fault"],
        "refund": ["we * refund"],
        "no-problem": ["not a problem"],
        "help": ["can I help"],
    },
    "it": {
        "promessa": ["prometto", "garantisco", "garanzia"],
        "attesa": ["attenda in linea"],
        "grazie": ["grazie"],
        "scuse": ["mi dispiace"],
        "rimborso": ["le * rimborso"],
        "telefono": ["per telefono"],
        "cortesia": ["per cortesia attenda"],
    },
    "fa": {
        "promise": ["قول", "تضمین"],
        "give": ["قول بدهم", "قول میدهم"],
        "thanks": ["ممنون"],
        "sorry": ["ببخشید"],
        "guarantee": ["ضمانت"],
    },
}


def found(language, text):
    """The phrases that a text says, each with a minus where it is negated."""
    sequences = {
        name: [s for p in patterns for s in unfold(p, language, {})]
        for name, patterns in PHRASES[language].items()
    }
    phrases = Phrases(language, sequences)
    matches = phrases.find(phrases.prepare(text.split()), tolerant=False)
    return sorted(f"{'-' if m.negated else ''}{m.phrase}" for m in matches)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("I promise that it comes today", ["promise"]),
        ("I can't promise that it comes today", ["-promise"]),
        ("I cannot promise anything", ["-promise"]),
        ("I won't promise anything", ["-promise"]),
        ("I can not really promise it", ["-promise"]),
        ("we never promise that", ["-promise"]),
        ("without a guarantee", ["-promise"]),
        ("there is no guarantee", ["-promise"]),
        ("No, I promise you that", ["promise"]),
        ("no I promise you that", ["promise"]),
        ("no guarantee needed", ["promise"]),
        ("I can't say that I promise it", ["-promise"]),
        ("I don't think we guarantee that", ["-promise"]),
        ("I think we guarantee that", ["promise"]),
        ("I don't know. I promise to look", ["promise"]),
        ("I do not know, promise", ["promise"]),
        ("I do not know but I promise to look", ["promise"]),
        ("we not only promise it", ["promise"]),
        ("nobody can promise that", ["-promise"]),
        ("I couldn't not promise it", ["promise"]),
        ("please don't hold the line", ["-hold"]),
        ("would you not hold the line", ["hold"]),
        ("well would you not hold the line", ["hold"]),
        ("why would you not hold the line", ["-hold"]),
        ("you would not hold the line", ["-hold"]),
        ("Don't hang up hold the line", ["hold"]),
        ("I have not been told I promise", ["promise"]),
        ("I was not told I promise", ["promise"]),
        ("I have not been told that we promise it", ["-promise"]),
        ("I can't find it ok promise", ["promise"]),
        ("I can't find it okay promise", ["promise"]),
        ("can't you hold the line", ["hold"]),
        ("I can't see it please hold the line", ["hold"]),
        ("please don't hesitate to hold the line", ["hold"]),
        ("I will not fail to promise it", ["promise"]),
        ("I am unable to promise that", ["-promise"]),
        ("we refuse to guarantee it", ["-promise"]),
        ("I can neither promise nor guarantee it", ["-promise", "-promise"]),
        ("no thank you", ["thanks"]),
        ("I do not thank you", ["thanks"]),
        ("I'm not saying that is your fault", ["-blame"]),
        ("it is not your fault", ["-blame"]),
        ("it is your fault, not mine", ["blame"]),
        ("we can refund it", ["refund"]),
        ("we do not refund it", ["-refund"]),
        ("we can not only refund it", ["refund"]),
        ("that's not a problem", ["no-problem"]),
        ("how can I help", ["help"]),
        ("if not how can I help", ["help"]),
        ("don't hang up hold the line", ["hold"]),
        ("don't worry hold the line", ["hold"]),
        ("why not hold the line", ["hold"]),
        ("there's nothing I can promise", ["-promise"]),
        ("there is nothing more we can guarantee", ["-promise"]),
        ("nothing is wrong I promise", ["promise"]),
        ("I doubt we can guarantee it", ["-promise"]),
        ("I have no doubt that we can guarantee it", ["promise"]),
        ("I don't know if I can promise that", ["-promise"]),
        ("I don't know what I can promise", ["promise"]),
        ("it's impossible to promise that", ["-promise"]),
        ("none of us can promise that", ["-promise"]),
        ("no one can promise that", ["-promise"]),
        ("we no longer guarantee it", ["-promise"]),
        ("no need to hold the line", ["-hold"]),
        ("I can't in any way promise it", ["-promise"]),
        ("I can't at this point in time promise it", ["-promise"]),
        ("that's not what I promise", ["-promise"]),
        ("it's not that we promise it", ["-promise"]),
        ("nor can I promise it", ["-promise"]),
        ("I promise nothing", ["-promise"]),
        ("I promise nothing will happen", ["promise"]),
        ("I forgot to promise it", ["-promise"]),
        ("I didn't forget to promise it", ["promise"]),
        ("I won't say thank you", ["-thanks"]),
        ("I cannot thank you enough", ["thanks"]),
        ("I can't promise that. Fair enough?", ["-promise"]),
        ("we do not promise. enough said", ["-promise"]),
        ("I can not promise it quickly enough", ["-promise"]),
        ("I can't promise enough", ["promise"]),
        ("I can't wait to promise it", ["promise"]),
    ],
)
def test_english(text, says):
    assert found("en", text) == says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("glielo prometto", ["promessa"]),
        ("non glielo prometto", ["-promessa"]),
        ("non prometto mai niente", ["-promessa"]),
        ("mai nessuno garanzia", ["-promessa"]),
        ("senza garanzia", ["-promessa"]),
        ("No, prometto di richiamarla", ["promessa"]),
        ("no prometto di richiamarla", ["promessa"]),
        ("non lo so, ma prometto di guardare", ["promessa"]),
        ("non solo garantisco", ["promessa"]),
        ("non dico che garantisco", ["-promessa"]),
        ("dico che garantisco", ["promessa"]),
        ("non esiti a garantisco", ["promessa"]),
        ("non mancherò di prometto", ["promessa"]),
        ("non attenda in linea", ["-attesa"]),
        ("no grazie", ["grazie"]),
        ("non serve grazie", ["grazie"]),
        ("non mi dispiace", ["-scuse"]),
        ("le faccio il rimborso", ["rimborso"]),
        ("le non faccio il rimborso", ["-rimborso"]),
        ("perché non la garantisco?", ["promessa"]),
        ("allora perché non glielo prometto", ["promessa"]),
        ("non chiamo perché non garantisco niente", ["-promessa"]),
        ("perché non le ho fatto il rimborso", ["-rimborso"]),
        ("non riattacchi attenda in linea", ["attesa"]),
        ("non si preoccupi lo garantisco", ["promessa"]),
        ("dubito che lo garantisco", ["-promessa"]),
        ("senza dubbio lo garantisco", ["promessa"]),
        ("non è vero che lo garantisco", ["-promessa"]),
        ("non so se lo garantisco", ["-promessa"]),
        ("non so dare garanzia", ["-promessa"]),
        ("non le so dare garanzia", ["-promessa"]),
        ("non le saprei dare una garanzia", ["-promessa"]),
        ("non posso per telefono", ["-telefono"]),
        ("non riagganci per cortesia attenda", ["cortesia"]),
        ("senta perché non glielo prometto domani", ["promessa"]),
        ("mi dispiace perché non lo garantisco", ["-promessa", "scuse"]),
        ("non c'è niente che garantisco", ["-promessa"]),
        ("garantisco niente", ["-promessa"]),
        ("non appena posso lo garantisco", ["promessa"]),
    ],
)
def test_italian(text, says):
    assert found("it", text) == says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("به شما قول میدهم", ["give", "promise"]),
        ("به شما قول نمی‌دهم", ["-promise"]),
        ("قول نمیدم", ["-promise"]),
        ("نمی‌توانم قول بدهم", ["-give", "-promise"]),
        ("نباید قول بدهم", ["-give", "-promise"]),
        ("می‌توانم قول بدهم", ["give", "promise"]),
        ("تضمین نمی‌کنیم", ["-promise"]),
        ("تضمین می‌کنیم", ["promise"]),
        ("بدون ضمانت", ["-guarantee"]),
        ("ضمانت نرسیده", ["guarantee"]),
        ("قول می‌فرمایید که نمی‌دهید", ["promise"]),
        ("ممنون نمی‌خواهم", ["thanks"]),
        ("ببخشید نمی‌شنوم", ["sorry"]),
        ("قول، نمی‌دانم", ["promise"]),
        ("نمی‌دانم ولی قول میدهم", ["give", "promise"]),
        ("قول نمیتونم بدم", ["-promise"]),
        ("شک دارم که بتوانم قول بدهم", ["-give", "-promise"]),
        ("شک ندارم قول میدهم", ["give", "promise"]),
        ("بدون شک قول میدهم", ["give", "promise"]),
        ("فکر نمی‌کنم بتوانم قول بدهم", ["-give", "-promise"]),
        ("قرار نیست تضمین کنیم", ["-promise"]),
        ("تضمین نیست", ["-promise"]),
        ("نگران نباشید قول بدهم", ["give", "promise"]),
    ],
)
def test_persian(text, says):
    assert found("fa", text) == says


STANDARDS = """
- {id: promise, title: Promises a call back, say: promise}
- {id: no-promise, title: Promises nothing, avoid: promise}
"""


def rubric(tmp_path, more=""):
    path = tmp_path / "house.yaml"
    text = build.rubric_text(STANDARDS).replace("sections:", f"{more}sections:")
    path.write_text(text.replace("phrases:\n", 'phrases:\n  promise: ["(I)? promise"]\n', 1))
    return load_rubric(path)


@pytest.mark.parametrize("engine", ["transcript", "whisper"])
def test_what_is_only_negated_is_told_with_its_moment(tmp_path, engine):
    house = rubric(tmp_path)
    observed = build.observations([("agent", 12.0, "I can not promise you that")], engine=engine)
    promise, no_promise = judge(house, build.conversation(house, observed))
    assert (promise.verdict, promise.reason) == (
        "missed",
        "not said: 'promise'; only negated: 'promise' at 0:13",
    )
    assert (no_promise.verdict, no_promise.reason) == (
        "met",
        "did not happen; only negated: 'promise' at 0:13",
    )
    [shown] = promise.evidence
    assert (shown.quote, shown.note, shown.role) == ("promise", "negated: promise", Role.AGENT)


def test_a_rubric_may_say_that_negated_counts_too(tmp_path):
    house = rubric(tmp_path, "also_negated: [promise]\n")
    observed = build.observations([("agent", 12.0, "I can not promise you that")])
    assert [f.verdict for f in judge(house, build.conversation(house, observed))] == ["met", "missed"]


def test_a_name_that_is_no_phrase_is_told(tmp_path):
    with pytest.raises(BadFile, match=r":\d+: .*undefined phrase 'promis'.*did you mean 'promise'"):
        rubric(tmp_path, "also_negated: [promis]\n")
