"""The page that adds a kind of signal is followed to the letter, in a folder of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import audit.signals
from audit.rubricfile import load_rubric
from audit.yamlfile import BadFile

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")

WITH_THE_FILE = """
import pytest
import audit.signals
audit.signals.__path__.append({signals!r})
from pathlib import Path
from audit.rubricfile import load_rubric

@pytest.fixture
def rubric():
    return load_rubric(Path({rubric!r}))
"""
"""What takes the place of putting the page's file into `audit/signals`."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def followed(tmp_path: Path) -> Path:
    """A folder with the page's signal, rubric and test."""
    signal, test = blocks("python")
    (rubric,) = blocks("yaml")
    (tmp_path / "signals").mkdir()
    (tmp_path / "signals" / "bell.py").write_text(signal, "utf-8")
    (tmp_path / "rubric.yaml").write_text(rubric, "utf-8")
    (tmp_path / "test_bell.py").write_text(test, "utf-8")
    told = WITH_THE_FILE.format(signals=str(tmp_path / "signals"), rubric=str(tmp_path / "rubric.yaml"))
    (tmp_path / "conftest.py").write_text(told, "utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def test_the_pages_test_passes_with_the_pages_file(followed):
    done = run(followed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bell.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout


def test_the_pages_test_fails_without_what_the_file_looks_for(followed):
    signal = followed / "signals" / "bell.py"
    signal.write_text(signal.read_text("utf-8").replace("(1800, 4500)", "(180, 450)"), "utf-8")
    assert run(followed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bell.py").returncode == 1


def test_editors_are_offered_the_new_name(followed):
    code = (
        f"import audit.signals; audit.signals.__path__.append({str(followed / 'signals')!r})\n"
        "from audit.workbench.schema import rubric_schema\n"
        "print([x['description'] for x in rubric_schema()['$defs']['EventName']['anyOf'] if x['const'] == 'bell'])"
    )
    assert run(followed, "-c", code).stdout.strip() == "['a bell on the counter is rung']"


def test_without_the_file_the_rubric_names_something_unknown(followed):
    assert "bell" not in audit.signals.kinds()
    with pytest.raises(BadFile, match="unknown .*'bell'"):
        load_rubric(followed / "rubric.yaml")
