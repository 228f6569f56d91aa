"""What the house rules promise and a reader cannot see at a glance."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import ComportError

ROOT = Path(__file__).parent.parent
SOURCES = [
    p
    for folder in ("models", "audit", "web")
    for p in (ROOT / folder).rglob("*.py")
    if "node_modules" not in p.parts
]


def imported(path: Path) -> set[str]:
    """Top-level names of everything a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(("folder", "forbidden"), [("models", {"audit", "web"}), ("audit", {"web"})])
def test_imports_point_from_web_to_audit_to_models(folder, forbidden):
    back = {
        str(p.relative_to(ROOT)): imported(p) & forbidden for p in SOURCES if p.is_relative_to(ROOT / folder)
    }
    assert {path: names for path, names in back.items() if names} == {}


def test_rubrics_hold_yaml_only():
    assert {p.suffix for p in (ROOT / "rubrics").rglob("*") if p.is_file()} == {".yaml"}


def test_heavy_libraries_are_imported_only_where_they_are_used():
    heavy = ["cv2", "mediapipe", "faster_whisper", "ctranslate2", "pocketsphinx", "spacy", "av", "alembic"]
    code = f"import sys, audit.cli, audit.pipeline, web; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"


def test_one_distribution_owns_cv2():
    owners = [
        d.name
        for d in importlib.metadata.distributions()
        if any(str(f).startswith("cv2/__init__") for f in d.files or ())
    ]
    assert owners == ["opencv-contrib-python-headless"]


def errors(kind: type[ComportError] = ComportError) -> list[type[ComportError]]:
    return [kind, *(e for sub in kind.__subclasses__() for e in errors(sub))]


def test_every_error_keeps_its_fields_where_pickle_looks_for_them():
    import inspect

    import models.observe  # noqa: F401

    for kind in errors():
        if kind is not ComportError and kind.__init__ is not ComportError.__init__:
            source = inspect.getsource(kind.__init__)
            names = [n for n in inspect.signature(kind.__init__).parameters if n != "self"]
            assert f"super().__init__({', '.join(names)})" in source, kind


def test_the_lock_file_holds_hashes_and_no_addresses():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    pinned = re.findall(r"^[a-z0-9].*==.*$", lock, re.MULTILINE)
    assert len(pinned) > 60
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_the_front_end_lock_holds_no_download_addresses():
    lock = ROOT / "web" / "ui" / "package-lock.json"
    assert '"resolved"' not in lock.read_text()


@pytest.mark.parametrize(
    "command",
    [
        "audit",
        "import",
        "show",
        "rescore",
        "search",
        "rubric",
        "weights",
        "serve",
        "demo",
        "doctor",
        "user",
        "log",
        "upgrade",
        "eval",
        "picture",
        "redact",
        "batch",
        "customer",
        "employee",
        "outcomes",
        "backup",
        "restore",
        "export",
        "erase",
        "webhook",
        "hold",
        "retention",
        "answers",
        "journey",
        "token",
        "api",
    ],
)
def test_the_readme_names_every_command(command):
    assert f"comport {command}" in (ROOT / "README.md").read_text("utf-8")


def test_every_dependency_has_its_reason():
    from configparser import ConfigParser

    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    named = setup["options"]["install_requires"].split() + setup["options.extras_require"]["dev"].split()
    told = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    assert [name for name in named if f"`{name.partition('[')[0]}`" not in told] == []


def test_no_file_outgrows_its_subject():
    long = {
        str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text("utf-8").splitlines())) > 460
    }
    assert long == {}
