import io
import json
import struct
import zipfile
from hashlib import sha256

import numpy as np
import pytest

from audit.interactions import Channel
from audit.judge import judge
from audit.rubricfile import load_rubric
from audit.scorecard import make_scorecard
from audit.yamlfile import BadFile
from models.language import BREAK
from models.paraphrases import BadEncoder, Encoder, Paraphrases, find_encoder, sentences
from models.sentence_onnx import HIDDEN, LAYERS, sentence_onnx
from models.weights import ARTEFACTS, state
from tests import build

CONCEPTS = (
    "call ring phone chiamo richiamo telefono تماس زنگ",
    "back again later dopo دوباره بعد",
    "sorry regret apologise scusa dispiace متاسفم ببخشید",
    "hold wait attenda aspetti منتظر",
    "email mail posta ایمیل",
)
"""Words of a row mean the same to the small encoder of these tests; all others mean little."""


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    """The folder of a real encoder, small: the mean of the words' concepts."""
    monkeypatch.setenv("COMPORT_SENTENCES", str(build.sentence_encoder(tmp_path / "encoder", *CONCEPTS)))
    return tmp_path / "encoder"


MEANS = {
    "en": {"callback": ["we will call you back"], "sorry": ["I am so sorry", "I regret that"]},
    "it": {"callback": ["la richiamo dopo"], "sorry": ["mi dispiace"]},
    "fa": {"callback": ["دوباره تماس می‌گیرم"], "sorry": ["متاسفم"]},
}


@pytest.mark.parametrize(
    ("language", "text", "says"),
    [
        ("en", "I'll ring you again tomorrow", ["callback"]),
        ("en", "Thanks. I phone you later! Goodbye then.", ["callback"]),
        ("en", "please wait for the mail", []),
        ("en", "I apologise a lot", ["sorry"]),
        ("en", "We will not ring you again", ["-callback"]),
        ("en", "call", []),
        ("it", "le telefono dopo", ["callback"]),
        ("it", "non le telefono dopo", ["-callback"]),
        ("it", "scusa tanto", ["sorry"]),
        ("fa", "بعد زنگ می‌زنم", ["callback"]),
        ("fa", "ببخشید واقعا", ["sorry"]),
        ("fa", "منتظر ایمیل باشید", []),
    ],
)
def test_sentences_that_mean_the_same(encoder, language, text, says):
    found = Paraphrases(language, MEANS[language]).find(text.split())
    assert [f"{'-' if a.negated else ''}{a.phrase}" for a in found if a.likeness >= 0.65] == says


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("well. Good day to you", ["Good day to you"]),
        (f"hello there {BREAK} how are you", ["hello there", "how are you"]),
        (f"yes {BREAK} no", []),
        ("", []),
        (
            "a b c d e f g h i j k l m n o p q r s",
            ["a b c d e f g h i j k l m n o p", "i j k l m n o p q r s"],
        ),
        ("a b c d e f g h i j k l m n o p", ["a b c d e f g h i j k l m n o p"]),
    ],
)
def test_what_a_sentence_is(words, parts):
    said = words.split(" ") if words else []
    assert [" ".join(said[start:end]) for start, end in sentences(said)] == parts


STANDARDS = """
- {id: callback, title: Calls back, say: callback}
- {id: blame, title: Blames nobody, avoid: blame}
"""

MORE = """means:
  callback: we will call you back
  blame: [regret it regret]
"""


def rubric(tmp_path, more=MORE):
    path = tmp_path / "house.yaml"
    text = build.rubric_text(STANDARDS).replace("sections:", f"{more}sections:")
    path.write_text(text.replace("phrases:\n", 'phrases:\n  callback: ["I call back"]\n', 1))
    return load_rubric(path)


def verdicts(house, text, engine="transcript", channel=Channel.CALL):
    observed = build.observations([("agent", 12.0, text)], engine=engine)
    return judge(house, build.conversation(house, observed, channel))


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ("tomorrow I ring you again", "met", "said 'callback' at 0:12"),
        ("I call back", "met", "said 'callback' at 0:12"),
        ("we can email it", "missed", "not said: 'callback'"),
        ("we can not ring you later", "missed", "not said: 'callback'; only negated: 'callback' at 0:12"),
        ("I phone the mail", "cannot_tell", "something like 'callback' was heard at 0:12"),
    ],
)
@pytest.mark.parametrize("channel", [Channel.CALL, Channel.CHAT])
def test_other_words_count(tmp_path, encoder, text, verdict, reason, channel):
    callback, _ = verdicts(rubric(tmp_path), text, channel=channel)
    assert (callback.verdict, callback.reason) == (verdict, reason)


def test_evidence_says_what_it_means(tmp_path, encoder):
    callback, _ = verdicts(rubric(tmp_path), "tomorrow I ring you again")
    [shown] = callback.evidence
    assert shown.quote == "tomorrow I ring you again"
    assert shown.how == "means “we will call you back” (99% alike)"
    assert callback.confidence == 0.99


def test_nobody_is_accused_of_what_words_only_mean(tmp_path, encoder):
    _, blame = verdicts(rubric(tmp_path), "I apologise")
    assert (blame.verdict, blame.reason) == (
        "cannot_tell",
        "perhaps 'blame' at 0:12, but not heard clearly",
    )
    _, blame = verdicts(rubric(tmp_path), "that is your fault")
    assert blame.verdict == "missed"


@pytest.mark.parametrize(
    ("engine", "channel"),
    [("transcript", Channel.CALL), ("transcript", Channel.CHAT), ("whisper", Channel.CALL)],
)
def test_nobody_is_cleared_of_what_words_may_mean(tmp_path, encoder, engine, channel):
    _, blame = verdicts(rubric(tmp_path), "I regret the mail call", engine, channel)
    assert (blame.verdict, blame.reason) == ("cannot_tell", "something like 'blame' was heard at 0:12")
    assert [e.quote for e in blame.evidence] == ["I regret the mail call"]


def test_the_scorecard_says_which_encoder_heard_what_words_mean(tmp_path, encoder):
    observed = build.observations([("agent", 12.0, "tomorrow I ring you again")])
    card = make_scorecard(build.interaction(), observed, rubric(tmp_path))
    [used] = [p for p in card.provenance if p.need == "meanings"]
    assert used.weights == sha256((encoder / "model.onnx").read_bytes()).hexdigest()
    plain = build.rubric(tmp_path, "- {id: a, title: A, say: greeting}")
    assert all(p.need != "meanings" for p in make_scorecard(build.interaction(), observed, plain).provenance)


def test_a_house_may_ask_for_more(tmp_path, encoder):
    strict = rubric(tmp_path, f"{MORE}alike: 99 %\n")
    assert verdicts(strict, "tomorrow I ring you right then again")[0].verdict == "cannot_tell"


@pytest.mark.parametrize(
    ("text", "met", "reason"),
    [
        ("I call back", "met", "said 'callback' at 0:12"),
        (
            "tomorrow I ring you again",
            "cannot_tell",
            "whether 'callback' was said in other words cannot be told: comport weights fetch sentence_encoder",
        ),
    ],
)
def test_without_an_encoder_words_alone_decide(tmp_path, monkeypatch, text, met, reason):
    monkeypatch.delenv("COMPORT_SENTENCES", raising=False)
    monkeypatch.setenv("COMPORT_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.delenv("COMPORT_WEIGHTS_MIRROR", raising=False)
    callback, blame = verdicts(rubric(tmp_path), text)
    assert (callback.verdict, callback.reason) == (met, reason)
    assert (blame.verdict, blame.reason.split(" was ")[0]) == ("cannot_tell", "whether 'blame'")


def test_a_rubric_without_means_needs_no_encoder(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPORT_SENTENCES", str(tmp_path / "none"))
    assert [f.verdict for f in verdicts(rubric(tmp_path, ""), "we can email it")] == ["missed", "met"]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("means: {callbak: we will call}\n", "undefined phrase 'callbak'; did you mean 'callback'"),
        ("means: {callback: []}\n", "no sentences; expected at least one"),
        ('means: {callback: "we (will|may) call"}\n', "expected a sentence as people say it"),
        (f"{MORE}alike: 0.7\n", "alike"),
        (f"{MORE}alike: 7 s\n", "alike: '7 s'; expected a share from 40 to 100 %"),
        (f"{MORE}alike: 20 %\n", "alike: '20 %'; expected a share from 40 to 100 %"),
    ],
)
def test_broken(tmp_path, more, problem):
    with pytest.raises(BadFile) as caught:
        rubric(tmp_path, more)
    assert problem in str(caught.value)
    assert "house.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("model.onnx", None, "cannot be used"),
        ("model.onnx", b"no model", "cannot be used"),
        ("tokenizer.json", b"{}", "cannot be used"),
        ("tokenizer.json", None, "tokenizer.json"),
    ],
)
def test_a_broken_encoder_is_told(encoder, name, content, problem):
    if content is None:
        (encoder / name).unlink()
    else:
        (encoder / name).write_bytes(content)
    with pytest.raises(BadEncoder, match=problem):
        find_encoder("en")


def packed_weights():
    """Weights of the right shapes, all small, for ten words; zipped as the makers' are."""
    dense = {"attention.self.query": 1, "attention.self.key": 1, "attention.self.value": 1}
    shapes = {
        f"embeddings.{n}_embeddings.weight": (k, HIDDEN)
        for n, k in (("word", 10), ("position", 16), ("token_type", 2))
    }
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{n}" for n in range(LAYERS)):
        for name in (*dense, "attention.output.dense"):
            shapes |= {f"{layer}.{name}.weight": (HIDDEN, HIDDEN), f"{layer}.{name}.bias": (HIDDEN,)}
        for name, out, into in (("intermediate", 4 * HIDDEN, HIDDEN), ("output", HIDDEN, 4 * HIDDEN)):
            shapes |= {f"{layer}.{name}.dense.weight": (out, into), f"{layer}.{name}.dense.bias": (out,)}
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    for name in norms:
        shapes |= {f"{name}.weight": (HIDDEN,), f"{name}.bias": (HIDDEN,)}
    about, data = {}, bytearray()
    for number, (name, shape) in enumerate(shapes.items()):
        values = ((np.arange(np.prod(shape)) * 7919 + number) % 1009 - 504) / 8192
        raw = (values + name.endswith("LayerNorm.weight")).astype("<f4").tobytes()
        about[name] = {"dtype": "F32", "shape": shape, "data_offsets": (len(data), len(data) + len(raw))}
        data += raw
    header = json.dumps(about).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("model.safetensors", struct.pack("<Q", len(header)) + header + data)
        vocabulary = {w: n for n, w in enumerate("[UNK] [PAD] we will call you back soon or never".split())}
        archive.writestr("tokenizer.json", build.words_tokeniser(vocabulary).to_str())
    return packed.getvalue()


def test_the_graph_is_the_same_bytes_each_time_and_padding_changes_nothing(tmp_path):
    graph = sentence_onnx(packed_weights())
    assert sha256(graph).digest() == sha256(sentence_onnx(packed_weights())).digest()
    (tmp_path / "model.onnx").write_bytes(graph)
    encoder = Encoder(tmp_path / "model.onnx")
    together = encoder.encode(["we will call", "we will call you back soon or never"])
    alone = np.concatenate(
        [encoder.encode([s]) for s in ("we will call", "we will call you back soon or never")]
    )
    assert together.shape == (2, HIDDEN)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.allclose(together, alone, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-3


_ITEM = next(item for item in ARTEFACTS if item.name == "sentence_encoder")


@pytest.mark.skipif(
    state(_ITEM) != "ready",
    reason="needs the weights sentence_encoder: comport weights fetch sentence_encoder",
)
def test_the_published_encoder_gives_the_published_cosines():
    """Source: the example on the page of all-MiniLM-L6-v2."""
    said = [
        "That is a happy person",
        "That is a happy dog",
        "That is a very happy person",
        "Today is a sunny day",
    ]
    points = find_encoder("en").encode(said)
    assert (points[0] @ points[1:].T).tolist() == pytest.approx([0.695, 0.943, 0.257], abs=1e-3)
