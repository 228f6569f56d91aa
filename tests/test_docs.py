"""What the manuals show works as it is shown."""

import re
from pathlib import Path

import pytest

from audit.arrivals import Facts
from audit.intake import find_files, read_facts, take_in
from audit.interactions import Channel, Role
from tests import build

DOCS = Path(__file__).parent.parent / "docs"
INTAKE = (DOCS / "chats-and-transcripts.md").read_text("utf-8")


def block(text: str, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found, f"no example in {language}"
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A transcript with the manual's facts, and a chat with none."""
    (tmp_path / "0421.vtt").write_text(block(INTAKE, "vtt"), "utf-8")
    (tmp_path / "0421.meta.yaml").write_text(block(INTAKE, "yaml"), "utf-8")
    (tmp_path / "chat.jsonl").write_text(block(INTAKE, "json"), "utf-8")
    return tmp_path


def test_the_chat_shown_is_taken_in(folder: Path) -> None:
    came = take_in(folder / "chat.jsonl")
    assert came.interaction.channel == Channel.CHAT
    assert (came.interaction.agent, came.interaction.customer) == ("Tom Baker", "Laura Keller")
    assert came.interaction.started_at == "2026-03-03T09:12:00+01:00"
    assert came.observations and came.observations.utterances
    assert [u.span.start_s for u in came.observations.utterances] == [0, 2, 20]
    assert dict(came.interaction.roles)["bot"] == Role.BOT


def test_the_transcript_shown_is_taken_in_with_the_facts_shown(folder: Path) -> None:
    came = take_in(folder / "0421.vtt")
    assert came.interaction.channel == Channel.CALL
    assert dict(came.interaction.roles) == {"Sara": Role.AGENT, "Mrs Brown": Role.CUSTOMER}
    assert came.observations and came.observations.utterances
    assert [u.speaker for u in came.observations.utterances] == ["Sara", "Sara", "Mrs Brown"]


def test_the_facts_shown_have_every_key_and_each_is_explained(folder: Path) -> None:
    assert read_facts(folder / "0421.vtt").model_fields_set == set(Facts.model_fields)
    named = {
        key
        for row in re.findall(r"^\|([^|]*)\|", INTAKE, re.MULTILINE)
        for key in re.findall(r"`(\w+)`", row)
    }
    assert set(Facts.model_fields) <= named


def test_a_folder_gives_the_recording_and_a_name_gives_the_transcript(folder: Path) -> None:
    sound = build.write_wav(folder / "0421.wav", build.tone(1))
    assert find_files(folder)[0] == (sound, folder / "chat.jsonl")
    assert find_files(folder / "0421.vtt")[0] == (folder / "0421.vtt",)
