"""Whose work is in Comport: every locked package that is needed to run is named with its licence."""

import json
import re
from pathlib import Path

import pytest

from models.weights_table import ARTEFACTS, WHISPER_MODELS
from web import notices

ROOT = Path(__file__).parent.parent

LOCKED = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def text():
    return notices.notices()


def asked_for():
    """What setup.cfg asks for to run, by plain names."""
    told = (ROOT / "setup.cfg").read_text("utf-8")
    block = told.partition("install_requires =")[2].partition("[options.extras_require]")[0]
    return {
        re.split(r"[\[<=>;]", line.strip())[0].replace(".", "-") for line in block.split("\n") if line.strip()
    }


def test_every_locked_package_that_is_needed_to_run_is_in_it(text):
    named = {one.name: one for one in notices.python()}
    assert asked_for() - named.keys() == set()
    locked = {name.replace(".", "-").replace("_", "-"): version for name, version in LOCKED.items()}
    assert {name: one.version for name, one in named.items()} == {name: locked.get(name) for name in named}
    for name, one in named.items():
        assert f"Python   {name} {one.version}: {one.licence}" in text


def test_what_is_only_there_to_test_is_not(text):
    assert not {"pytest", "ruff", "playwright", "locust"} & {one.name for one in notices.python()}


def test_every_package_has_a_licence_and_nearly_all_its_text():
    found = list(notices.python())
    assert [one.name for one in found if not one.licence.strip()] == []
    without = {one.name for one in found if not one.texts}
    # These wheels bring no text along; their licences are named.
    assert without <= {
        "ctranslate2",
        "flatbuffers",
        "onnxruntime",
        "ordered-set",
        "presidio-analyzer",
        "tokenizers",
    }


def test_what_is_bundled_into_the_scripts_is_in_it(text):
    bundled = json.loads((ROOT / "web/ui/package.json").read_text("utf-8"))["dependencies"]
    for name, version in bundled.items():
        assert f"npm      {name} {version}: " in text
    assert "esbuild" not in text.partition("=" * 80)[0]


def test_the_weights_are_named_with_their_licences_and_cards(text):
    for one in (*ARTEFACTS, *WHISPER_MODELS):
        name = one.name
        [line] = [
            line for line in text.splitlines() if re.match(rf"weights  {re.escape(name)}( \S+)?: ", line)
        ]
        assert one.licence in line and re.search("https://|==", line)
