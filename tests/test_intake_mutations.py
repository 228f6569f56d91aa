"""Every format with values and bytes that nobody would write: one line that says so, never a traceback."""

import copy
import json
import random

import pytest

from audit.arrivals import Rejected
from audit.intake import arrivals
from audit.yamlfile import BadFile
from models.media import UnreadableMedia
from tests import test_folder, test_transcripts, test_vcon, test_written

DOCUMENTS = {
    **test_transcripts.EVERY,
    "whisper": test_transcripts.WHISPER,
    "zendesk": {"tickets": [test_written.TICKET], "users": test_written.USERS},
    "comments": test_written.COMMENTS,
    "intercom": test_written.INTERCOM,
    "genesys": test_written.GENESYS,
    "vcon": test_vcon.CHAT,
    "vcon-recording": test_vcon.vcon(test_vcon.RECORDING | {"body": "UklGRg"}),
    "vcon-signed": {"payload": "e30", "signatures": [{"protected": "e30", "signature": "AA"}]},
}
TEXTS = {
    "a.srt": test_transcripts.SRT,
    "a.txt": test_written.WHATSAPP["android-en"] + test_written.WHATSAPP["fa-solar"],
    "a.eml": test_written.eml(1, test_written.LAURA, "Yes.\n\nOn Monday Sara wrote:\n> no"),
    "a.mbox": "From x Thu\n" + test_written.eml(1, test_written.LAURA, "One.", before="<0@x>"),
    "a.csv": "at,from,text\n2026-03-05T14:20:00Z,customer,Hello?\n",
    "c.csv": test_folder.CHATS,
    **{f"{name}.json": json.dumps(document) for name, document in DOCUMENTS.items()},
}
ODD = [
    None,
    True,
    -1,
    0,
    1.5,
    1e308,
    -1e308,
    2**63 - 1,
    10**30,
    "",
    "x",
    "\ud800",
    "\0",
    "9" * 400,
    [],
    {},
    [[]],
]
ODD += ["2026-03-05T14:20:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", {"a": 1}]


def places(value, place=()):
    """Every key and index inside a document."""
    if place:
        yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inside:
        yield from places(one, (*place, step))


def assert_told(path):
    try:
        told = [one for one in arrivals(path) if isinstance(one, Rejected)]
    except (Rejected, BadFile, UnreadableMedia) as error:
        told = [error]
    for one in told:
        assert "\n" not in one.line
        one.line.encode()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_values_of_any_kind(tmp_path, name):
    chance = random.Random(name)
    every = list(places(DOCUMENTS[name]))
    path = tmp_path / "a.json"
    for _ in range(60):
        document = copy.deepcopy(DOCUMENTS[name])
        *way, last = chance.choice(every)
        inside = document
        for step in way:
            inside = inside[step]
        if chance.random() < 0.2:
            del inside[last]
        else:
            inside[last] = copy.deepcopy(chance.choice(ODD))
        escaped = chance.random() < 0.5
        path.write_bytes(json.dumps(document, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))
        assert_told(path)


@pytest.mark.parametrize("name", TEXTS)
def test_bytes_of_any_kind(tmp_path, name):
    chance = random.Random(name)
    path = tmp_path / name
    for _ in range(40):
        content = bytearray(TEXTS[name].encode())
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(content) + 1)
            kind = chance.random()
            if kind < 0.3:
                del content[at : at + chance.randint(1, 20)]
            elif kind < 0.7:
                content[at:at] = bytes(
                    chance.choices(b"0:-/\n<>\"'{}[],; \x00\xff=?", k=chance.randint(1, 8))
                )
            else:
                content[at:at] = content[max(0, at - 20) : at] * chance.randint(1, 5)
        path.write_bytes(content)
        assert_told(path)
