"""Transcripts as other systems write them: what is taken of each, and what is refused."""

import json

import pytest

from audit.arrivals import Facts, Rejected
from audit.intake import arrivals, format_of, take_in
from audit.interactions import Channel, Role
from audit.speakers import is_recognised

SRT = """1
00:00:01,000 --> 00:00:03,500
Agent: Good morning, <i>Northwind</i>.

2
00:00:03,000 --> 00:01:00,250
Mrs Brown: Hello,
it is me.

3
00:01:00,250 --> 00:01:01,000
[MUSIC]
"""

WHISPERX = {
    "segments": [
        {
            "start": 0.5,
            "end": 2.0,
            "text": " Good morning.",
            "speaker": "SPEAKER_00",
            "words": [
                {"word": "Good", "start": 0.5, "end": 0.9, "score": 0.9},
                {"word": "morning.", "start": 1.0, "end": 2.0, "score": 0.5},
            ],
        },
        {"start": 2.0, "end": 3.0, "text": " At 9.", "words": [{"word": "At"}, {"word": "9."}]},
    ],
    "word_segments": [],
    "language": "en",
}

WHISPER = {
    "text": " Buongiorno.",
    "segments": [{"id": 0, "start": 0, "end": 1.5, "text": " Buongiorno.", "avg_logprob": -0.693}],
    "language": "italian",
}

TRANSCRIBE = {
    "jobName": "job-7",
    "accountId": "1",
    "status": "COMPLETED",
    "results": {
        "transcripts": [{"transcript": "Good morning. Hello."}],
        "language_code": "en-GB",
        "speaker_labels": {
            "segments": [
                {"items": [{"start_time": "0.1", "speaker_label": "spk_0"}, {"start_time": "0.5", "speaker_label": "spk_0"}]},
                {"items": [{"start_time": "1.5", "speaker_label": "spk_1"}]},
            ]
        },
        "items": [
            {"type": "pronunciation", "start_time": "0.1", "end_time": "0.4", "alternatives": [{"confidence": "0.99", "content": "Good"}]},
            {"type": "pronunciation", "start_time": "0.5", "end_time": "0.9", "alternatives": [{"confidence": "0.80", "content": "morning"}]},
            {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": "."}]},
            {"type": "pronunciation", "start_time": "1.5", "end_time": "1.9", "alternatives": [{"confidence": "1.0", "content": "Hello"}]},
            {"type": "punctuation", "alternatives": [{"content": "."}]},
        ],
    },
}  # fmt: skip

ANALYTICS = {
    "Channel": "VOICE",
    "LanguageCode": "en-US",
    "CustomerMetadata": {"ContactId": "c-1"},
    "Participants": [{"ParticipantId": "A1", "ParticipantRole": "AGENT"}, {"ParticipantId": "C1", "ParticipantRole": "CUSTOMER"}],
    "Transcript": [
        {
            "ParticipantId": "A1",
            "Content": "Hello there.",
            "BeginOffsetMillis": 40,
            "EndOffsetMillis": 900,
            "Items": [
                {"Type": "pronunciation", "Confidence": 0.7, "Content": "Hello", "BeginOffsetMillis": 40, "EndOffsetMillis": 400},
                {"Type": "pronunciation", "Confidence": 1.0, "Content": "there", "BeginOffsetMillis": 400, "EndOffsetMillis": 900},
                {"Type": "punctuation", "Confidence": 0.0, "Content": "."},
            ],
        },
        {"ParticipantId": "C1", "Content": "Hi.", "BeginOffsetMillis": 800, "EndOffsetMillis": 1200},
    ],
}  # fmt: skip

PCA = {
    "ConversationAnalytics": {
        "GUID": "g-9",
        "Agent": "E-204",
        "Cust": "C-1007",
        "ConversationTime": "2026-03-05 14:20:00",
        "LanguageCode": "en-US",
        "SpeakerLabels": [{"Speaker": "spk_0", "DisplayText": "Customer"}, {"Speaker": "spk_1", "DisplayText": "Agent"}],
    },
    "SpeechSegments": [
        {"SegmentStartTime": 0.0, "SegmentEndTime": 2.0, "SegmentSpeaker": "spk_1", "OriginalText": "Press one.", "IVRSegment": True},
        {
            "SegmentStartTime": 2.0,
            "SegmentEndTime": 3.0,
            "SegmentSpeaker": "spk_0",
            "OriginalText": "Hello.",
            "WordConfidence": [{"Text": "Hello.", "Confidence": "0.9", "StartTime": 2.0, "EndTime": 3.0}],
        },
    ],
}  # fmt: skip

DEEPGRAM = {
    "metadata": {"request_id": "r-1", "created": "2025-07-16T10:15:34.833Z", "channels": 1},
    "results": {
        "channels": [
            {
                "detected_language": "en",
                "alternatives": [
                    {
                        "transcript": "hello yes",
                        "words": [
                            {"word": "hello", "start": 0.1, "end": 0.5, "confidence": 0.75, "punctuated_word": "Hello.", "speaker": 0},
                            {"word": "yes", "start": 0.6, "end": 0.9, "confidence": 1.0, "punctuated_word": "Yes.", "speaker": 1},
                        ],
                    }
                ],
            }
        ]
    },
}  # fmt: skip

ASSEMBLYAI = {
    "id": "t-5",
    "status": "completed",
    "audio_url": "https://example.org/a.mp3",
    "language_code": "en_us",
    "text": "Hello. Yes.",
    "words": [],
    "audio_channels": 2,
    "utterances": [
        {"start": 100, "end": 900, "text": "Hello.", "confidence": 0.9, "channel": "1", "speaker": "1", "words": [{"text": "Hello.", "start": 100, "end": 900, "confidence": 0.9}]},
        {"start": 950, "end": 1500, "text": "Yes.", "confidence": 0.8, "channel": "2", "speaker": "2", "words": []},
    ],
}  # fmt: skip

AZURE = {
    "source": "https://example.org/a.wav",
    "recognizedPhrases": [
        {"channel": 0, "speaker": 1, "locale": "en-US", "offsetInTicks": 5000000, "durationInTicks": 10000000.0, "nBest": [{"confidence": 0.9, "display": "Hello."}]},
        {"channel": 0, "speaker": 2, "offsetInTicks": 20000000, "durationInTicks": 5000000, "nBest": [{"confidence": 0.8, "display": "Yes."}]},
        {"channel": 0, "offsetInTicks": 30000000, "durationInTicks": 5000000, "nBest": []},
    ],
}  # fmt: skip

AZURE_ITEMS = {
    "analysisInput": {
        "conversations": [
            {"id": "7", "language": "en", "conversationItems": [{"id": "1", "participantId": "Agent", "text": "Hello.", "conversationItemLevelTiming": {"offset": 5000000, "duration": 10000000}}]},
        ]
    }
}  # fmt: skip

TWILIO = {
    "meta": {"page": 0},
    "sentences": [
        {"media_channel": 1, "sentence_index": 0, "start_time": "0.10", "end_time": "1.2", "transcript": "Hello.", "confidence": "0.9", "words": None, "transcript_sid": "GT1"},
        {"media_channel": 2, "sentence_index": 1, "start_time": "1.3", "end_time": "2", "transcript": "Yes.", "confidence": "0.8", "words": [{"word": "Yes.", "start_time": "1.3", "end_time": "2.0"}]},
    ],
}  # fmt: skip


def written(tmp_path, document, name="call.json"):
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "document", "lines", "roles", "source"),
    [
        (
            "a.srt",
            SRT,
            [("Agent", 1.0, 3.5, "Good morning, Northwind.", 1.0), ("Mrs Brown", 3.0, 60.25, "Hello, it is me.", 1.0)],
            {"Agent": Role.AGENT},
            ("srt", "", "und"),
        ),
        (
            "a.json",
            WHISPERX,
            [("SPEAKER_00", 0.5, 2.0, "Good morning.", 0.9), (None, 2.0, 3.0, "At 9.", 1.0)],
            {},
            ("whisper", "", "en"),
        ),
        ("a.json", WHISPER, [(None, 0.0, 1.5, "Buongiorno.", 0.5001)], {}, ("whisper", "", "it")),
        (
            "a.json",
            TRANSCRIBE,
            [("spk_0", 0.1, 0.9, "Good morning.", 0.99), ("spk_1", 1.5, 1.9, "Hello.", 1.0)],
            {},
            ("amazon-transcribe", "job-7", "en"),
        ),
        (
            "a.json",
            ANALYTICS,
            [("A1", 0.04, 0.9, "Hello there.", 0.7), ("C1", 0.8, 1.2, "Hi.", 1.0)],
            {"A1": Role.AGENT, "C1": Role.CUSTOMER},
            ("amazon-call-analytics", "c-1", "en"),
        ),
        (
            "a.json",
            PCA,
            [("voice menu", 0.0, 2.0, "Press one.", 1.0), ("spk_0", 2.0, 3.0, "Hello.", 0.9)],
            {"spk_0": Role.CUSTOMER, "spk_1": Role.AGENT, "voice menu": Role.BOT},
            ("amazon-pca", "g-9", "en"),
        ),
        (
            "a.json",
            DEEPGRAM,
            [("speaker-0", 0.1, 0.5, "Hello.", 0.75), ("speaker-1", 0.6, 0.9, "Yes.", 1.0)],
            {},
            ("deepgram", "r-1", "en"),
        ),
        (
            "a.json",
            ASSEMBLYAI,
            [("channel-0", 0.1, 0.9, "Hello.", 0.9), ("channel-1", 0.95, 1.5, "Yes.", 0.8)],
            {},
            ("assemblyai", "t-5", "en"),
        ),
        (
            "a.json",
            AZURE,
            [("speaker-1", 0.5, 1.5, "Hello.", 0.9), ("speaker-2", 2.0, 2.5, "Yes.", 0.8)],
            {},
            ("azure-speech", "", "en"),
        ),
        (
            "a.json",
            AZURE_ITEMS,
            [("Agent", 0.5, 1.5, "Hello.", 1.0)],
            {"Agent": Role.AGENT},
            ("azure-speech", "7", "en"),
        ),
        (
            "a.json",
            TWILIO,
            [("channel-0", 0.1, 1.2, "Hello.", 0.9), ("channel-1", 1.3, 2.0, "Yes.", 0.8)],
            {},
            ("twilio", "GT1", "und"),
        ),
    ],
)  # fmt: skip
def test_lines_of_a_call_are_taken(tmp_path, name, document, lines, roles, source):
    arrival = take_in(written(tmp_path, document, name))
    said = arrival.observations.utterances
    assert [(u.speaker, u.span.start_s, u.span.end_s, u.text, u.words[0].probability) for u in said] == lines
    about = arrival.interaction
    assert dict(about.roles) == roles
    assert (about.source, about.source_id, said[0].language) == source
    assert about.channel == Channel.CALL
    assert is_recognised(arrival.observations) == (name != "a.srt")
    assert about.started_at is None


def test_a_time_without_a_zone_counts_where_the_zone_is_known(tmp_path):
    path = written(tmp_path, PCA)
    (tmp_path / "call.meta.yaml").write_text("time_zone: Europe/Rome\n")
    about = take_in(path).interaction
    assert about.started_at == "2026-03-05T14:20:00+01:00"
    assert [(p.role, p.employee, p.crm) for p in about.parties] == [
        (Role.AGENT, "E-204", ""),
        (Role.CUSTOMER, "", "C-1007"),
    ]


def test_who_is_on_which_channel_can_be_said_beside_a_transcript(tmp_path):
    path = written(tmp_path, TWILIO)
    (tmp_path / "call.meta.yaml").write_text("agent_channel: 1\n")
    assert dict(take_in(path).interaction.roles) == {"channel-0": Role.CUSTOMER, "channel-1": Role.AGENT}


def test_a_chat_of_contact_lens_is_a_chat_and_its_events_are_no_messages(tmp_path):
    document = {
        "Channel": "CHAT",
        "Participants": [{"ParticipantId": "1", "ParticipantRole": "AGENT"}, {"ParticipantId": "2", "ParticipantRole": "CUSTOMER"}],
        "Transcript": [
            {"ParticipantId": "2", "AbsoluteTime": "2026-03-05T13:20:00.500Z", "ContentType": "application/vnd.amazonaws.connect.event.participant.joined", "Content": ""},
            {"ParticipantId": "2", "AbsoluteTime": "2026-03-05T13:20:01Z", "ContentType": "text/plain", "Content": "Hello?", "DisplayName": "Ugo"},
            {"ParticipantId": "1", "AbsoluteTime": "2026-03-05T13:20:21Z", "ContentType": "text/markdown", "Content": "Hi Ugo.", "DisplayName": "Sara"},
        ],
    }  # fmt: skip
    arrival = take_in(written(tmp_path, document))
    assert [(u.speaker, u.span.start_s) for u in arrival.observations.utterances] == [
        ("Ugo", 0),
        ("Sara", 20),
    ]
    about = arrival.interaction
    assert (about.channel, about.agent, about.customer) == (Channel.CHAT, "Sara", "Ugo")
    assert about.started_at == "2026-03-05T13:20:01+00:00"


def test_a_colon_names_a_voice_only_where_cues_usually_do(tmp_path):
    cue = "00:00:0{0},000 --> 00:00:0{0},900\n{1}\n\n"
    texts = ["Note: we close at six.", "Good morning.", "Hello.", "Agent: My name is Sara.", "Yes."]
    path = written(tmp_path, "".join(cue.format(n, t) for n, t in enumerate(texts)), "a.srt")
    said = take_in(path).observations.utterances
    assert [(u.speaker, u.text) for u in said] == [
        (None, "Note: we close at six."),
        (None, "Good morning."),
        (None, "Hello."),
        ("Agent", "My name is Sara."),
        (None, "Yes."),
    ]


def changed(document, *steps):
    """The document with the value at a path of keys replaced by the last step."""
    copy = json.loads(json.dumps(document))
    *way, key, value = steps
    inside = copy
    for step in way:
        inside = inside[step]
    inside[key] = value
    return copy


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (changed(WHISPERX, "segments", 0, "start", -1), "line 1 begins at -1 s, before the recording"),
        (changed(WHISPERX, "segments", 1, "end", 1.0), "line 2 ends at 1 s, before it starts at 2 s"),
        (changed(WHISPERX, "segments", 0, "start", "soon"), r"segments\[0\].start: Expected `float`, got `str`"),
        (changed(WHISPERX, "segments", 0, "words", 0, "score", 90), "'Good' at 0.5 s has confidence 90, expected 0 to 1"),
        (changed(WHISPERX, "segments", 1, "end", 1772721600), "expected seconds since the start of the call"),
        (changed(WHISPERX, "segments", []), "no words in it"),
        (changed(WHISPERX, "segments", [{"start": n, "end": n + 1, "text": "a", "speaker": f"s{n}"} for n in range(1001)]), "1001 people in one conversation"),
        (changed(TRANSCRIBE, "results", "items", 0, "start_time", "x"), "start_time: Expected `float"),
        (changed(TRANSCRIBE, "results", 7), "results: Expected `object`, got `int`"),
        (changed(ANALYTICS, "Transcript", 1, "BeginOffsetMillis", None), "turn 2 has no BeginOffsetMillis"),
        (changed(ANALYTICS, "Transcript", 1, "EndOffsetMillis", 700), "line 2 ends at 0.7 s, before it starts at 0.8 s"),
        ({**ANALYTICS, "Channel": "CHAT"}, "message 1: AbsoluteTime '' is no time"),
        (changed(PCA, "SpeechSegments", 1, "SegmentEndTime", -3), "line 2 ends at -3 s"),
        (changed(DEEPGRAM, "results", "channels", 0, "alternatives", 0, "words", 0, "end", 0), "'Hello.' ends at 0 s, before it starts at 0.1 s"),
        (changed(DEEPGRAM, "results", "channels", 5), "results.channels: Expected `array`, got `int`"),
        (changed(ASSEMBLYAI, "status", "queued"), "AssemblyAI's status is 'queued': transcribe it first"),
        (changed(ASSEMBLYAI, "utterances", 0, "words", 0, "confidence", -0.1), "confidence -0.1"),
        (changed(TWILIO, "sentences", 0, "confidence", "90"), "line 1 has confidence 90, expected 0 to 1"),
        (changed(AZURE, "recognizedPhrases", 0, "offsetInTicks", -1), "line 1 begins at -1e-07 s"),
        (changed(AZURE_ITEMS, "analysisInput", "conversations", 0, "conversationItems", 0, "conversationItemLevelTiming", None), "conversation 7: item 1 has no time"),
        (changed(TWILIO, "sentences", 0, "end_time", "never"), "end_time: Expected `float`"),
    ],
)  # fmt: skip
def test_a_bad_document_is_rejected_with_its_place(tmp_path, document, says):
    with pytest.raises(Rejected, match=says):
        take_in(written(tmp_path, document))


EVERY = {"whisperx": WHISPERX, "transcribe": TRANSCRIBE, "analytics": ANALYTICS, "pca": PCA, "deepgram": DEEPGRAM, "assemblyai": ASSEMBLYAI, "azure": AZURE, "twilio": TWILIO}  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_a_file_that_breaks_off_anywhere_gives_one_line(tmp_path, name):
    text = json.dumps(EVERY[name], indent=1)
    for share in range(1, 20):
        path = written(tmp_path, text[: len(text) * share // 20])
        with pytest.raises(Rejected) as caught:
            list(arrivals(path))
        assert "\n" not in caught.value.line
        assert "ends too early" in str(caught.value) or "none of the formats" in str(caught.value)


@pytest.mark.parametrize("name", EVERY)
def test_a_file_in_another_encoding_gives_one_line(tmp_path, name):
    path = tmp_path / "a.json"
    for code in ("utf-16", "utf-32"):
        path.write_bytes(json.dumps(EVERY[name]).encode(code))
        with pytest.raises(Rejected, match=r"a\.json: not UTF-8; save it as UTF-8"):
            take_in(path)
    path.write_bytes(json.dumps(EVERY[name]).encode("utf-8-sig"))
    assert take_in(path).observations.utterances


@pytest.mark.parametrize(
    "bomb", ["[" * 1_000_000, '{"segments":' * 200_000, '{"segments": [' + '{"words": [' * 200_000]
)
def test_a_file_of_brackets_takes_neither_memory_nor_time(tmp_path, bomb):
    with pytest.raises(Rejected):
        take_in(written(tmp_path, bomb))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("1\n00:00:05,000 --> 00:00:01,000\nx\n", 2, "ends at 1 s, before it starts at 5 s"),
        ("1\n00:00:05,000 --> -00:00:01,000\nx\n", 2, "is not like 00:01:02,500 --> 00:01:04,000"),
        ("1\nnow --> then\nx\n", 2, "is not like"),
        ("hello\n", None, "no words in it"),
    ],
)
def test_a_bad_srt_is_rejected_with_its_line(tmp_path, text, line, says):
    with pytest.raises(Rejected, match=says) as caught:
        take_in(written(tmp_path, text, "a.srt"))
    assert caught.value.line_number == line


def test_an_srt_that_is_not_utf8_is_rejected(tmp_path):
    path = tmp_path / "a.srt"
    path.write_bytes(SRT.replace("Mrs Brown", "Mr Müller").encode("latin-1"))
    with pytest.raises(Rejected, match="not UTF-8; save it as UTF-8"):
        take_in(path)


def test_a_json_file_of_nobody_is_told_what_would_be_taken(tmp_path):
    with pytest.raises(Rejected, match="none of the formats that end in .json: .*Deepgram JSON"):
        format_of(written(tmp_path, {"a": 1}))


def test_facts_of_a_call_that_lies_in_the_future_are_refused(tmp_path):
    path = written(tmp_path, TWILIO)
    (tmp_path / "call.meta.yaml").write_text("started_at: 2199-01-01T00:00:00Z\n")
    with pytest.raises(Rejected, match="starts in the future, 2199-01-01"):
        take_in(path)
    assert Facts(started_at="2199-01-01T00:00:00Z")
