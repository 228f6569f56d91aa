"""`comport eval standards`: verdicts and phrases beside what people said of the words."""

import json

import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.confidence import Confidence
from audit.evaluate import fitting
from audit.evaluate.acts import Finder, read_acts, read_calls
from audit.evaluate.fitting import fit, save
from audit.evaluate.standards import Decision, NoLabels, calibration_error, evaluate_standards, figures
from audit.interactions import Channel
from audit.pipeline import PACKS, find_rubric
from audit.rubricfile import load_rubric
from audit.speakers import Speakers
from audit.yamlfile import BadFile
from tests import build


@pytest.fixture(scope="module")
def voice():
    return find_rubric("voice-en")


def calls(folder, *texts):
    for number, text in enumerate(texts, start=1):
        (folder / f"call{number}.txt").write_text("\n".join(text), "utf-8")
    return folder


def acts_of(folder, rubric, lines):
    calls(folder, lines)
    found = Finder(read_acts(folder, rubric), rubric).find(read_calls(folder))
    return [sorted(found[f"call1:{n}"]) for n, line in enumerate(lines, start=1) if line.startswith("a|")]


@pytest.mark.parametrize(
    ("lines", "acts"),
    [
        (["a|okay thank you very much|x"], [["thank"]]),
        (["a|the code is double two thank you|x"], [[]]),
        (["a|right then byebye|x"], [["bye"]]),
        (["a|if you could just bear with me|x"], [["hold"]]),
        (["a|they are closed at the moment|x"], [[]]),
        (["a|good morning|x"], [["greet"]]),
        (["b|can you tell me what the number of the bank is|x", "a|hello|x"], [[]]),
        (["b|hello|x", "a|hello|x"], [["greet"]]),
        (["a|i'm sorry about that|x"], [["expressRegret"]]),
        (["b|the line is dead|x", "a|sorry|x", "b|i said the line is dead|x"], [[]]),
        (["b|the line is dead|x", "a|sorry|x", "a|which line|x"], [["expressRegret"], []]),
        # Who is asked nothing else and says words of theirs again was not heard.
        (["b|the home service please|x", "a|i'm sorry|x", "b|the home service i want a line|x"], [[]]),
        (["b|the line is dead|x", "a|i'm sorry|x", "b|it has been since monday|x"], [["expressRegret"]]),
        (["b|the line is dead|x", "a|i'm sorry|x", "b|yeah|x"], [["expressRegret"]]),
        # So it is where the party says the other's words as a question, or asks for them.
        (["b|stop the outgoing calls|x", "a|sorry|x", "a|your outgoing calls|x"], [[], []]),
        (
            ["b|i tried the number|x", "a|i'm sorry|x", "a|what number did you dial|x"],
            [["expressRegret"], []],
        ),
        (["b|i tried the number|x", "a|i'm sorry|x", "a|what was that|x"], [[], []]),
        (["b|i tried the number|x", "a|i'm sorry|x", "a|i didn't hear you|x"], [[], []]),
        # "So" alone is nothing said before; nobody says thanks for being asked again.
        (["b|the line is dead|x", "a|so|x", "a|sorry|x", "b|will it cost anything|x"], [[], []]),
        (
            ["b|have you no number|x", "a|no|x", "a|sorry|x", "b|alright thanks a lot|x"],
            [[], ["expressRegret"]],
        ),
    ],
)
def test_a_line_is_the_act_that_a_phrase_opens(tmp_path, voice, lines, acts):
    assert acts_of(tmp_path, voice, lines) == acts


def test_tagged_calls_are_counted_by_act(tmp_path, voice):
    calls(
        tmp_path,
        ["a|hello|greet", "b|hi|greet", "a|thank you|thank", "a|thank you|backch", "a|ta|thank"],
        ["a|bye|bye", "a|just a moment|informIntent-hold"],
    )
    found = evaluate_standards(tmp_path, voice)
    each = found["each"]
    assert (each["thank"]["precision"], each["thank"]["recall"]) == (0.5, 0.5)
    assert found["wrong"]["thank"] == {"missed": ["call1:5"], "false": ["call1:4"]}
    assert [each[act]["recall"] for act in ("greet", "bye", "hold")] == [1, 1, 1]
    assert each["expressRegret"]["precision"] is None
    assert (found["true"], found["found"], found["right"]) == (5, 5, 4)
    assert evaluate_standards(tmp_path, voice, "second")["true"] == 2


def test_what_is_a_matter_of_tagging_is_left_out(tmp_path, voice):
    calls(tmp_path, ["a|thank you|thank", "a|thank you|backch", "a|ta|thank"])
    read = tmp_path / "read.csv"
    read.write_text("call,line,act,judgement,why\ncall1,2,thank,style,x\ncall1,3,thank,error,x\n", "utf-8")
    found = evaluate_standards(tmp_path, voice, read=read)
    assert (found["precision"], found["recall"]) == (1, 0.5)


CHAT = [
    {"at": "2026-03-02T18:05:10+01:00", "from": "agent", "name": "Kim", "text": "Hello, my name is Kim."},
    {"at": "2026-03-02T18:05:20+01:00", "from": "customer", "name": "Al", "text": "My order is late."},
    {"at": "2026-03-02T18:05:40+01:00", "from": "agent", "name": "Kim", "text": "You should have called."},
]


def test_labels_are_compared_with_verdicts_and_phrases(tmp_path):
    (tmp_path / "one.jsonl").write_text("\n".join(map(json.dumps, CHAT)), "utf-8")
    rows = [
        "one.jsonl,1,own-name,met",
        "one.jsonl,3,own-name,met",
        "one.jsonl,1,greeting,met",
        "one.jsonl,2,greeting,missed",
        "one.jsonl,,no-blame,missed",
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["file,line,standard,verdict", *rows]), "utf-8")
    found = evaluate_standards(tmp_path, find_rubric("chat-en"))
    assert (found["each"]["own-name"]["precision"], found["each"]["own-name"]["recall"]) == (1, 0.5)
    assert (found["each"]["greeting"]["precision"], found["each"]["greeting"]["recall"]) == (1, 1)
    assert found["wrong"]["no-blame"] == {"missed": [], "false": []}


@pytest.mark.parametrize(
    ("pairs", "error"),
    [([(1.0, True)], 0), ([(1.0, True), (1.0, False)], 0.5), ([(0.6, True), (0.2, False)], 0.3), ([], None)],
)
def test_the_calibration_error_is_the_mean_distance_from_what_is_right(pairs, error):
    assert calibration_error(pairs) == (error if error is None else pytest.approx(error))


def test_what_nobody_can_tell_lowers_coverage_and_recall_only():
    one, other = Decision("a", "x:1", True, 1.0), Decision("a", "x:2", True, 0.3, told=False)
    found = figures([one, other, Decision("a", "x:3", False, 0.0)])
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 0.5, 0.5)


@pytest.mark.parametrize(
    ("acts", "line", "told"),
    [
        ("set: x\nparty: a\nacts:\n  thank:\n    said: [thank]\n", 4, "no phrase 'thank'"),
        ("set: x\nparty: a\nacts:\n  thank:\n    patterns: ['(a']\n", 5, "pattern '(a'"),
        ("set: x\nparty: a\nacts:\n  thank: {sayd: [thanks]}\n", 4, "unknown key 'sayd'"),
        ("set: x\nparty: a\nacts: {}\n", 3, "empty"),
    ],
)
def test_a_bad_map_is_told_at_its_line(tmp_path, voice, acts, line, told):
    (tmp_path / "acts.yaml").write_text(acts, "utf-8")
    with pytest.raises(BadFile) as bad:
        read_acts(tmp_path, voice)
    assert any(told in str(p) and p.line in (line, line + 1) for p in bad.value.problems)


def test_a_line_without_an_act_is_told_at_its_line(tmp_path):
    calls(tmp_path, ["a|hello|greet", "a|hello"])
    with pytest.raises(BadFile, match=r"call1\.txt:2: .*expected party\|words\|act"):
        read_calls(tmp_path)


def test_the_command_prints_a_table_or_json(tmp_path):
    calls(tmp_path, ["a|hello|greet", "a|thank you|backch"])
    told = CliRunner().invoke(cli, ["eval", "standards", str(tmp_path), "--json"])
    assert json.loads(told.output)["each"]["greet"]["precision"] == 1
    shown = CliRunner().invoke(cli, ["eval", "standards", str(tmp_path)]).output
    assert "greet" in shown
    assert "thank, false: call1:2" in shown


def test_a_folder_without_labels_is_one_line(tmp_path):
    with pytest.raises(NoLabels, match="nothing to compare with"):
        evaluate_standards(tmp_path, find_rubric("voice-en"))


def tagged(number):
    """A call in which thanks are thanks, and every third one is tagged as a sound of listening."""
    thanks = "backch" if number % 3 == 0 else "thank"
    return [
        "a|good morning how can i help you|greet",
        "b|my line is out of order since monday|inform",
        "a|thank you|thank",
        "a|hold the line please|hold",
        f"a|thank you|{thanks}",
        "a|goodbye|bye",
    ]


def test_a_fitted_curve_is_nearer_to_what_is_right(tmp_path, voice):
    calls(tmp_path, *(tagged(number) for number in range(12)))
    curve, told = fit(tmp_path, voice, 0.8)
    assert told["ece_after"] < told["ece_before"]
    assert curve.of("thanks", 1.0) < curve.of("farewell", 1.0)
    assert curve.of("blame", 1.0) is None
    assert [p["coverage"] for p in told["curve"]] == sorted(
        (p["coverage"] for p in told["curve"]), reverse=True
    )
    assert told["after"]["precision"] >= 0.8


@pytest.mark.parametrize(("wanted", "least"), [(0.5, 0.2), (0.75, 0.6), (0.9, 0.9), (1.0, 0.9)])
def test_the_threshold_is_the_smallest_that_is_precise_enough(wanted, least):
    assert (
        fitting._least([(0.9, True), (0.6, True), (0.6, True), (0.6, False), (0.2, False)], wanted) == least
    )
    assert fitting._least([(0.9, False)], wanted) == 1


def test_lines_of_one_name_or_one_second_are_told_apart(tmp_path, voice):
    def message(second, text):
        at = f"2026-01-05T08:00:{second:02}+00:00"
        return json.dumps({"at": at, "from": "agent", "name": "agent", "text": text})

    for folder, texts in {"a": ["Hello.", "My name is Sara."], "b": ["Goodbye.", "Please hold."]}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.jsonl").write_text("\n".join(message(0, text) for text in texts), "utf-8")
    cues = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Agent>Hello.\n\n00:01.000 --> 00:03.000\n<v Customer>Yes.\n"
    (tmp_path / "call.vtt").write_text(cues, "utf-8")
    places = [("a/chat.jsonl", 1), ("a/chat.jsonl", 2), ("b/chat.jsonl", 1), ("call.vtt", 4), ("call.vtt", 7)]
    rows = [f"{file},{line},own-name,missed" for file, line in places]
    (tmp_path / "labels.csv").write_text("\n".join(["file,line,standard,verdict", *rows]), "utf-8")
    found = {one.line.where: " ".join(one.line.words) for one in fitting.labelled_lines(tmp_path, voice)}
    assert list(found.values()) == ["Hello.", "My name is Sara.", "Goodbye.", "Hello.", "Yes."]
    assert list(found) == [f"{file}:{line}" for file, line in places]


def test_a_curve_is_fitted_to_labelled_lines_too(tmp_path, voice):
    asks, tells = "Is there anything else I can do for you?", "I told you all there is, anything else is new."
    texts = [asks, asks, tells, tells] * 10
    chat = [
        {"at": f"2026-01-05T08:{n:02}:00+00:00", "from": "agent", "name": "agent", "text": text}
        for n, text in enumerate(texts)
    ]
    (tmp_path / "chat.jsonl").write_text("\n".join(map(json.dumps, chat)), "utf-8")
    said = ["met" if text == asks else "missed" for text in texts]
    rows = [f"chat.jsonl,{n},further-help,{verdict}" for n, verdict in enumerate(said, start=1)]
    rows += [f"chat.jsonl,{n},own-name,missed" for n in range(1, 7)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,line,standard,verdict", *rows]), "utf-8")
    lines = fitting.labelled_lines(tmp_path, voice)
    assert len(lines) == len(texts)
    assert lines[0].line.words == tuple(texts[0].split())
    assert (lines[0].line.acts, lines[0].judged) == ({"further-help"}, {"further-help", "own-name"})
    assert (lines[7].line.acts, lines[7].judged) == (set(), {"further-help"})
    # Calls beside them; of the lines as many are kept out as are fitted.
    calls(tmp_path, *(tagged(number) for number in range(12)))
    curve, told = fit(tmp_path, voice, 0.8)
    assert curve.offsets.keys() >= {"further-help", "thanks"}
    assert told["phrases"]["further-help"]["found"] >= 30
    assert told["phrases"]["further-help"]["ece"] <= 0.5


def test_few_labels_are_no_ground_for_a_curve(tmp_path, voice):
    calls(tmp_path, ["a|hello|greet"], ["a|hello|greet"])
    with pytest.raises(fitting.TooFew, match="expected at least 50"):
        fit(tmp_path, voice, 0.95)


def test_a_curve_beside_a_rubric_is_used_for_its_phrases_only(tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text((PACKS / "voice-en.yaml").read_text("utf-8"), "utf-8")
    plain = load_rubric(path)
    curve = Confidence(made="x", wanted=0.95, sure=0.9, intercept=0, slope=2, offsets={"greeting": 0.5})
    save(curve, tmp_path / "house.confidence.yaml")
    rubric = load_rubric(path)
    assert rubric.confidence == curve
    assert rubric.digest != plain.digest
    heard = build.observations(
        [("channel-0", 0, "good morning how may I help you")], probability=0.7, engine="transcript"
    )
    assert (
        Speakers(Channel.CALL, heard, plain.finder, curve).said("channel-0")["greeting"][0].confidence == 0.7
    )
    heard = build.observations(
        [("channel-0", 0, "good morning how may I help you")], probability=0.7, engine="whisper"
    )
    said = Speakers(Channel.CALL, heard, rubric.finder, rubric.confidence).said("channel-0")
    (greeting,), (offer,) = said["greeting"], said["offer-help"]
    assert (greeting.confidence, greeting.least, greeting.sure) == (curve.of("greeting", 0.7), 0.9, False)
    assert (offer.confidence, offer.sure) == (0.7, True)


def test_a_curve_that_cannot_be_read_is_told_at_its_line(tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text((PACKS / "voice-en.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "house.confidence.yaml").write_text("made: x\nwanted: 2\n", "utf-8")
    with pytest.raises(BadFile, match=r"house\.confidence\.yaml:2: .*wanted"):
        load_rubric(path)
