"""Documents that are kept to be given out again hold no card data either."""

import base64
import json

import pytest

from audit.originals import keep_original, original, recut_originals, without_card_data
from audit.store import open_store
from tests import build

CARD = "4242 4242 4242 4242"


def coded(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def vcon(body, **more):
    dialog = {
        "type": "text",
        "start": "2026-03-02T09:00:00Z",
        "originator": 1,
        "mediatype": "text/plain",
        "body": body,
    }
    return {
        "vcon": "0.3.0",
        "uuid": "4242424242424242",
        "parties": [{"tel": "tel:+390255501234"}],
        "dialog": [dialog | more],
    }


def cut(document):
    return json.loads(without_card_data(json.dumps(document).encode()))


def test_a_document_without_card_data_is_the_very_same():
    document = json.dumps(vcon("My order  number is 4711.")).encode()
    assert without_card_data(document) is document


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (vcon(f"it is {CARD} thanks"), lambda d: d["dialog"][0]["body"]),
        (vcon(coded(f"it is {CARD} thanks"), encoding="base64url"), lambda d: d["dialog"][0]["body"]),
        (
            {"analysis": [{"type": "transcript", "encoding": "json", "body": json.dumps({"text": f"it is {CARD} thanks"})}]},
            lambda d: json.loads(d["analysis"][0]["body"])["text"],
        ),
    ],
)  # fmt: skip
def test_texts_are_cut_however_they_are_encoded(document, said):
    found = said(cut(document))
    assert found in ("it is [card number] thanks", coded("it is [card number] thanks"))
    assert said(document) != found


def test_single_words_and_segments_of_a_transcript_are_cut_together():
    words = [{"word": w, "start": i} for i, w in enumerate(f"the card is {'four two ' * 8}thanks".split())]
    parts = [
        {"speaker": s, "text": text} for s, text in (("a", "what is your password please"), ("c", "bluebird"))
    ]
    done = cut({"analysis": [{"body": {"words": words, "segments": parts}}]})["analysis"][0]["body"]
    assert [w["word"] for w in done["words"]] == ["the", "card", "is", *["[card number]"] * 16, "thanks"]
    assert [p["text"] for p in done["segments"]] == ["what is your password please", "[password]"]


def test_ids_numbers_of_parties_and_sound_stay():
    sound = base64.urlsafe_b64encode(bytes(range(256))).decode()
    done = cut(vcon(CARD) | {"attachments": [{"body": sound, "encoding": "base64url"}]})
    assert done == vcon("[card number]") | {"attachments": [{"body": sound, "encoding": "base64url"}]}


def test_what_was_sealed_with_card_data_is_kept_without_its_seal():
    sealed = {
        "payload": coded(json.dumps(vcon(CARD))),
        "signatures": [{"protected": "e30", "signature": "AA"}],
    }
    assert cut(sealed) == vcon("[card number]")
    clean = {
        "payload": coded(json.dumps(vcon("Hello"))),
        "signatures": [{"protected": "e30", "signature": "AA"}],
    }
    assert cut(clean) == clean


def test_it_is_cut_before_it_is_kept_and_by_the_upgrade_where_it_was_not(tmp_path, monkeypatch):
    store = open_store(tmp_path)
    observed = build.observations([("customer", 0.0, "hello")])
    store.keep(build.interaction(), observed, [])
    document = json.dumps(vcon(CARD)).encode()
    keep_original(store, build.IDENTITY, document)
    assert json.loads(original(store, build.IDENTITY)) == vcon("[card number]")
    assert recut_originals(store) == 0
    with monkeypatch.context() as earlier:
        earlier.setattr("audit.originals.without_card_data", lambda document: document)
        keep_original(store, build.IDENTITY, document)
    assert json.loads(original(store, build.IDENTITY)) == vcon(CARD)
    assert recut_originals(store) == 1
    assert json.loads(original(store, build.IDENTITY)) == vcon("[card number]")
