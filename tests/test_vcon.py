"""vCons of every version: what is taken of them, and what is refused."""

import base64
import hashlib
import hmac
import json

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from audit.arrivals import Rejected
from audit.intake import arrivals, find_files, take_in
from audit.interactions import Channel, Role
from audit.pipeline import audit_arrival, find_rubric
from audit.store import open_store
from tests import build

PARTIES = [
    {"name": "Sara Lind", "tel": "tel:+390255501234", "role": "agent", "uuid": "E-204"},
    {"name": "Laura Brown", "mailto": "mailto:laura@example.org", "meta": {"role": "customer"}},
]


def vcon(*dialog, **more):
    return {
        "uuid": "0190",
        "created_at": "2026-03-05T14:20:00Z",
        "parties": PARTIES,
        "dialog": list(dialog),
        **more,
    }


def text(at, party, body, **more):
    return {
        "type": "text",
        "start": at,
        "parties": [party, 1 - party],
        "body": body,
        "encoding": "none",
        **more,
    }


def written(tmp_path, document, name="a.vcon"):
    path = tmp_path / name
    path.write_text(json.dumps(document), "utf-8")
    return path


def wav(tmp_path, name="ring.wav"):
    return build.write_wav(tmp_path / name, build.tone(1, 8000), build.tone(1, 8000, 600), rate_hz=8000)


def b64(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


CHAT = vcon(
    text("2026-03-05T14:20:00+00:00", 1, "Where is my parcel?", mediatype="text/plain"),
    text("2026-03-05T14:21:30+00:00", 0, b64(b"Good morning, Laura."), mediatype="text/plain") | {"encoding": "base64url"},
    subject="Parcel",
)  # fmt: skip


def test_messages_are_one_chat_with_its_parties(tmp_path):
    arrival = take_in(written(tmp_path, CHAT))
    said = arrival.observations.utterances
    assert [(u.speaker, u.span.start_s, u.text) for u in said] == [
        ("Laura Brown", 0.0, "Where is my parcel?"),
        ("Sara Lind", 90.0, "Good morning, Laura."),
    ]
    about = arrival.interaction
    assert (about.channel, about.title, about.source, about.source_id) == (
        Channel.CHAT,
        "Parcel",
        "vcon",
        "0190",
    )
    assert (about.agent, about.customer, about.started_at) == (
        "Sara Lind",
        "Laura Brown",
        "2026-03-05T14:20:00+00:00",
    )
    assert [(p.role, p.phone, p.email, p.employee) for p in about.parties] == [
        (Role.AGENT, "+390255501234", "", "E-204"),
        (Role.CUSTOMER, "", "laura@example.org", ""),
    ]
    assert json.loads(arrival.original) == CHAT


def test_mails_lose_what_they_quote(tmp_path):
    mime = "--x\r\nContent-Type: text/plain\r\n\r\nFine, thanks.\r\n\r\nOn Monday Laura Brown wrote:\r\n> Where?\r\n--x--\r\n"
    mail = text(
        "2026-03-05T14:21:30Z", 0, mime, mediatype='multipart/mixed; \n\tboundary="x"', message_id="<1@x>"
    )
    arrival = take_in(written(tmp_path, vcon(mail)))
    assert [u.text for u in arrival.observations.utterances] == ["Fine, thanks."]
    assert arrival.interaction.channel == Channel.EMAIL


@pytest.mark.parametrize("old", [False, True])
def test_an_inline_recording_is_heard_like_any_other(tmp_path, old):
    content = wav(tmp_path).read_bytes()
    digest = hashlib.sha512(content).digest()
    seal = (
        {"alg": "SHA-512", "signature": b64(digest)} if old else {"content_hash": [f"sha512-{b64(digest)}"]}
    )
    kind = {"mimetype" if old else "mediatype": "audio/x-wav"}
    dialog = {
        "type": "recording",
        "start": "2026-03-05T14:20:00Z",
        "parties": [1, 0],
        "filename": "../../etc/passwd",
    }
    folder = tmp_path / "in"
    folder.mkdir()
    path = written(folder, vcon(dialog | kind | seal | {"encoding": "base64url", "body": b64(content)}))
    arrival = take_in(path)
    assert arrival.interaction.id == hashlib.sha256(content).hexdigest()
    assert dict(arrival.interaction.roles) == {"channel-0": Role.CUSTOMER, "channel-1": Role.AGENT}
    store = open_store(tmp_path / "home")
    audited = audit_arrival(arrival, [find_rubric("voice-en")], store)
    assert (audited.observations.recording.duration_s, audited.observations.recording.channels) == (1.0, 2)
    (kept,) = (tmp_path / "home" / "enclosed").iterdir()
    assert (kept.read_bytes(), oct(kept.stat().st_mode)[-3:]) == (content, "600")
    assert store.interaction(arrival.interaction.id).path == str(kept)
    assert kept.suffix == ".wav"
    assert sorted(p.name for p in folder.iterdir()) == ["a.vcon"]
    # Without a store the recording is heard all the same, and nothing is left behind.
    assert audit_arrival(arrival, [find_rubric("voice-en")]).observations.recording.channels == 2


def test_an_external_recording_is_taken_where_it_lies_beside(tmp_path):
    sound = wav(tmp_path)
    dialog = {
        "type": "recording",
        "start": "2026-03-05T14:20:00Z",
        "parties": [0, 1],
        "url": "https://example.org/ring.wav",
    }
    named = written(tmp_path, vcon(dialog | {"filename": "ring.wav"}), "other.vcon")
    assert take_in(named).path == sound
    # In a folder the vCon of the same name speaks for the recording.
    same = written(tmp_path, vcon(dialog | {"filename": "17.wav"}), "ring.vcon.json")
    assert take_in(same).path == sound
    assert find_files(tmp_path)[0] == (named, same)


@pytest.mark.parametrize(
    "name", ["../ring.wav", "/etc/passwd", "..", "a/../ring.wav", "x" * 300 + ".wav", "ring.wav\0"]
)
def test_a_file_name_never_leads_out_of_the_folder(tmp_path, name):
    wav(tmp_path)
    inside = tmp_path / "in"
    inside.mkdir()
    dialog = {
        "type": "recording",
        "start": "2026-03-05T14:20:00Z",
        "parties": [0, 1],
        "url": "https://example.org/a",
        "filename": name,
    }
    with pytest.raises(Rejected, match="its recording is at https://example.org/a; nothing is fetched"):
        take_in(written(inside, vcon(dialog)))


def test_a_transcript_stands_for_a_recording_that_is_elsewhere(tmp_path):
    dialog = {
        "type": "recording",
        "start": "2026-03-05T14:20:00Z",
        "parties": [0, 1],
        "url": "https://example.org/a",
    }
    body = {
        "language": "en",
        "segments": [{"start": 0.5, "end": 2, "text": "Good morning.", "speaker": 0, "confidence": 0.8}],
    }
    analysis = {
        "type": "transcript",
        "dialog": 0,
        "vendor": "acme",
        "encoding": "json",
        "body": json.dumps(body),
    }
    arrival = take_in(written(tmp_path, vcon(dialog, analysis=[analysis])))
    said = arrival.observations.utterances[0]
    assert (said.speaker, said.span.start_s, said.text, said.words[0].probability) == (
        "0",
        0.5,
        "Good morning.",
        0.8,
    )
    untimed = analysis | {"body": [{"speaker": "Agent", "message": "Good morning."}], "encoding": "none"}
    with pytest.raises(Rejected, match="nothing is fetched: put the file beside it"):
        take_in(written(tmp_path, vcon(dialog, analysis=[untimed])))


def sealed(key, algorithm):
    member = {"protected": {"alg": algorithm}}
    return jws.serialize_json([member], json.dumps(CHAT).encode(), key, algorithms=[algorithm])


@pytest.mark.parametrize(
    ("make", "algorithm"),
    [(lambda: RSAKey.generate_key(2048), "RS256"), (lambda: ECKey.generate_key("P-256"), "ES256")],
)
def test_a_signature_is_checked_where_the_key_lies_beside(tmp_path, make, algorithm):
    key, other = make(), make()
    path = written(tmp_path, sealed(key, algorithm))
    assert take_in(path).interaction.source == "vcon, signature not checked"
    (tmp_path / "vcon.key.pem").write_bytes(key.as_pem(private=False))
    assert take_in(path).interaction.source == "vcon, signature checked"
    (tmp_path / "a.key.pem").write_bytes(other.as_pem(private=False))
    with pytest.raises(Rejected, match="its signature is not that of a.key.pem"):
        take_in(path)
    (tmp_path / "a.key.pem").write_bytes(b"no key")
    with pytest.raises(Rejected, match="a.key.pem: not a public key as PEM"):
        take_in(path)


def test_a_vcon_signed_with_the_public_key_as_a_secret_is_refused(tmp_path):
    key = RSAKey.generate_key(2048)
    pem = key.as_pem(private=False)
    (tmp_path / "vcon.key.pem").write_bytes(pem)
    head, payload = b64(b'{"alg":"HS256"}'), b64(json.dumps(CHAT).encode())
    seal = b64(hmac.digest(pem, f"{head}.{payload}".encode(), "sha256"))
    forged = {"payload": payload, "signatures": [{"protected": head, "signature": seal}]}
    with pytest.raises(Rejected, match="its signature is not that of vcon.key.pem"):
        take_in(written(tmp_path, forged))


def test_many_vcons_in_one_file_are_taken_one_by_one(tmp_path):
    path = tmp_path / "many.jsonl"
    other = CHAT | {"uuid": "0191"}
    path.write_text("\n".join([json.dumps(CHAT), '{"uuid": "x", "dialog": 7}', json.dumps(other)]))
    came = list(arrivals(path))
    assert [getattr(one, "interaction", one).__class__.__name__ for one in came] == [
        "Interaction",
        "Rejected",
        "Interaction",
    ]
    assert str(came[1]) == f"{path}:2: line 2: dialog: Expected `array`, got `int`"


def test_a_uuid_twice_in_a_file_is_told_when_its_content_differs(tmp_path):
    path = written(tmp_path, [CHAT, CHAT, CHAT | {"subject": "other"}], "many.json")
    first, again, other = arrivals(path)
    assert first.interaction.id == again.interaction.id
    assert str(other) == f"{path}: item 3: vCon 0190 is in the file twice, with other content"


RECORDING = {"type": "recording", "start": "2026-03-05T14:20:00Z", "parties": [0, 1], "encoding": "base64url"}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (vcon(), "no conversation in it"),
        ({"uuid": "1"}, "no conversation in it"),
        ({"ciphertext": "x", "recipients": []}, "is encrypted; decrypt it first"),
        ({"payload": "e30", "signatures": []}, "no conversation in it"),
        ({"payload": "{}", "signatures": []}, "payload: not base64url"),
        ({"payload": 7, "signatures": []}, "payload: expected text"),
        (vcon(RECORDING | {"body": "%%%"}), "dialog 0: body: not base64url"),
        (vcon(RECORDING | {"body": 7}), "dialog 0: body: expected text in base64url"),
        (vcon(RECORDING | {"body": "UklGRg", "content_hash": "sha256-AAAA"}), "dialog 0: the recording is not the one that its hash is of"),
        (vcon({"type": "incomplete", "start": "2026-03-05T14:20:00Z", "disposition": "no-answer"}), r"dialog 0: nobody spoke \(no-answer\)"),
        (vcon(text("yesterday", 0, "x")), "dialog 0: start 'yesterday' is no time"),
        (vcon(text("2026-03-05T14:20:00", 0, "x")), "is no time with a zone"),
        (vcon(text("2026-03-05T14:20:00Z", 0, None)), "its text is not inline"),
        (vcon(text("2199-03-05T14:20:00Z", 0, "x")), "starts in the future"),
        (vcon(text("2026-03-05T14:20:00Z", 0, "")), "its text is not inline"),
        (vcon(text("2026-03-05T14:20:00Z", 0, "hi"), parties=[{"name": f"p{n}"} for n in range(100_000)]), "100000 people in one conversation"),
        (vcon(text("2026-03-05T14:20:00Z", 0, 7), parties=7), "parties: Expected `array`, got `int`"),
    ],
)  # fmt: skip
def test_a_bad_vcon_is_rejected_with_its_place(tmp_path, document, says):
    came = list(arrivals(written(tmp_path, document)))
    assert [type(one) for one in came] == [Rejected]
    with pytest.raises(Rejected, match=says):
        raise came[0]


def test_a_party_that_is_not_there_is_nobody(tmp_path):
    arrival = take_in(written(tmp_path, vcon(text("2026-03-05T14:20:00Z", 0, "hi") | {"parties": [-1, 99]})))
    assert [u.speaker for u in arrival.observations.utterances] == [None]


def test_a_vcon_that_breaks_off_anywhere_gives_one_line(tmp_path):
    whole = json.dumps(CHAT, indent=1)
    for share in range(1, 20):
        path = tmp_path / "a.vcon"
        path.write_text(whole[: len(whole) * share // 20])
        (came,) = arrivals(path)
        assert isinstance(came, Rejected)
        assert "ends too early" in came.line
