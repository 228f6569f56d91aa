"""Where model files come from: downloads, mirrors, wheels, the model hub, and what is refused."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from models import tflite_metadata, weights
from models.errors import ComportError
from models.weights_table import (
    ARTEFACTS,
    WHISPER_MODELS,
    Artefact,
    Download,
    Item,
    Source,
    WheelPack,
    WhisperModel,
)

CONTENT = np.random.default_rng(7).bytes(1_000_000)
WRONG = b"x" * len(CONTENT)
REAL_MIRROR = os.environ.get("COMPORT_WEIGHTS_MIRROR")
TOY = {"model.bin": b"weights", "config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.json": b"[]"}
REVISION = "ab" * 20
PALM_AND_HAND = {"m/palm.tflite": b"palm", "m/hand.tflite": b"hand"}


@dataclass
class Site:
    """A web server on this machine: what it serves, how it misbehaves, what was asked of it."""

    files: dict[str, bytes]
    understands_range: bool = True
    cuts: list[int] = field(default_factory=list)
    status: int = 0
    redirect: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


class Answers(BaseHTTPRequestHandler):
    def __init__(self, site: Site, *args: object) -> None:
        self.site = site
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        site, path, wanted = self.site, self.path.split("?")[0], self.headers.get("Range")
        site.asked.append((path, wanted))
        data = site.files.get(path, b"")
        start = int(wanted.split("=")[1].split("-")[0]) if wanted and site.understands_range else 0
        refused = 404 if path not in site.files else 416 if start >= len(data) else 0
        self.send_response(site.status or refused or (206 if start else 200))
        self.send_header("Content-Length", "0" if site.status or refused else str(len(data) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Location", site.redirect)
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        self.end_headers()
        if not (site.status or refused or self.command == "HEAD"):
            self.wfile.write(data[start : start + site.cuts.pop(0) if site.cuts else None])

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site({"/model": CONTENT})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Answers, site))
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMPORT_WEIGHTS", str(tmp_path / "cache"))
    monkeypatch.delenv("COMPORT_WEIGHTS_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("COMPORT_WEIGHTS_MIRROR", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def artefact(*sources: Source) -> Artefact:
    return Artefact("tiny", "a test", "tiny.task", "Apache-2.0", sources)


def download(site: Site, content: bytes = CONTENT) -> Download:
    return Download("official download", sha256(content), len(content), f"{site.address}/model")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


# Downloads


def test_fetch_brings_the_file_and_tells_how_far_it_is(site: Site, cache: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = weights.fetch(artefact(download(site)), lambda done, total: steps.append((done, total)))
    assert path == cache / "tiny.task"
    assert path.read_bytes() == CONTENT
    assert names(cache) == ["tiny.task"]
    assert len(steps) > 2
    assert steps == sorted(steps)
    assert steps[-1] == (1_000_000, 1_000_000)


def test_fetch_of_a_file_that_is_here_asks_nobody(site: Site) -> None:
    weights.fetch(artefact(download(site)))
    weights.fetch(artefact(download(site)))
    assert site.asked == [("/model", None)]


@pytest.mark.parametrize("understands_range", [True, False])
def test_a_cut_connection_is_taken_up_where_it_stopped(site: Site, understands_range: bool) -> None:
    site.understands_range, site.cuts = understands_range, [300_000]
    assert weights.fetch(artefact(download(site))).read_bytes() == CONTENT
    assert site.asked == [("/model", None), ("/model", "bytes=300000-")]


def test_a_download_that_failed_goes_on_at_the_next_fetch(site: Site, cache: Path) -> None:
    site.cuts = [300_000, 0]
    with pytest.raises(weights.WeightsUnreachable, match="cut, 300000 of 1000000 bytes are kept"):
        weights.fetch(artefact(download(site)))
    assert not (cache / "tiny.task").exists()
    site.asked.clear()
    assert weights.fetch(artefact(download(site))).read_bytes() == CONTENT
    assert site.asked == [("/model", "bytes=300000-")]
    assert names(cache) == ["tiny.task"]


@pytest.mark.parametrize("kept", [0, 900_000])
@pytest.mark.parametrize(
    "served", [WRONG, CONTENT[:500_000], CONTENT + b"more"], ids=["other", "short", "long"]
)
def test_other_bytes_are_refused_and_nothing_is_left(
    site: Site, cache: Path, served: bytes, kept: int
) -> None:
    site.files["/model"] = served
    source = download(site)
    cache.mkdir()
    (cache / f"tiny.task.{source.sha256[:8]}.part").write_bytes(WRONG[:kept])
    with pytest.raises(weights.WeightsCorrupt) as caught:
        weights.fetch(artefact(source))
    assert caught.value.expected == (sha256(CONTENT),)
    assert source.url in caught.value.line
    assert names(cache) == []


def test_the_second_source_serves_when_the_first_does_not(site: Site) -> None:
    gone = replace(download(site), url=f"{site.address}/gone", sha256=sha256(WRONG))
    assert weights.fetch(artefact(gone, download(site))).read_bytes() == CONTENT
    assert [path for path, _ in site.asked] == ["/gone", "/model"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/model", "official download: [Errno"),
        ("http://example.org/model", "not an https address"),
        ("file:///etc/hostname", "not an https address"),
    ],
)
def test_what_cannot_be_reached_is_one_line_that_says_what_to_do(site: Site, url: str, reason: str) -> None:
    with pytest.raises(weights.WeightsUnreachable) as caught:
        weights.fetch(artefact(replace(download(site), url=url)))
    assert reason in caught.value.line
    assert "put tiny.task into a folder and set COMPORT_WEIGHTS_MIRROR" in caught.value.line
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "redirect", "reason"),
    [(503, "", "HTTP Error 503"), (302, "http://example.org/model", "not an https address")],
)
def test_a_server_that_fails_or_leads_away_from_https_is_named(
    site: Site, status: int, redirect: str, reason: str
) -> None:
    site.status, site.redirect = status, redirect
    with pytest.raises(weights.WeightsUnreachable, match=reason):
        weights.fetch(artefact(download(site)))


def test_a_cache_that_cannot_be_made_is_named(site: Site, cache: Path) -> None:
    cache.write_text("a file in the way")
    with pytest.raises(weights.CacheUnusable, match="set COMPORT_WEIGHTS to another folder"):
        weights.fetch(artefact(download(site)))


# Finding


def test_a_missing_file_names_the_command_that_brings_it(site: Site, mirror: Path) -> None:
    item = artefact(download(site))
    assert weights.state(item) == "missing"
    with pytest.raises(weights.MissingWeights) as caught:
        weights.find(item)
    assert str(mirror) in caught.value.line
    assert caught.value.line.endswith("run: comport weights fetch tiny")
    assert site.asked == []


def test_a_spoilt_cached_file_is_told_by_its_hash_and_mended_by_fetch(site: Site, cache: Path) -> None:
    item = artefact(download(site))
    weights.fetch(item).write_bytes(WRONG)
    assert weights.state(item) == "ready"
    assert weights.state(item, check=True) == "corrupt"
    with pytest.raises(weights.WeightsCorrupt, match="run: comport weights fetch tiny"):
        weights.find(item)
    weights.fetch(item)
    assert weights.state(item, check=True) == "ready"
    assert weights.find(item) == cache / "tiny.task"


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [("hand_landmark", "hand_landmarker"), ("yolo", "yolox_nano"), ("Tiny", "whisper-tiny")],
)
def test_an_unknown_name_is_answered_with_the_nearest_first(asked: str, nearest: str) -> None:
    with pytest.raises(weights.UnknownWeights) as caught:
        weights.fetch(asked)
    assert caught.value.known[0] == nearest
    assert len(caught.value.known) == len(ARTEFACTS) + len(WHISPER_MODELS)


@pytest.mark.parametrize("asked", ["yolox_nano", "yolox_nano.onnx"])
def test_artefacts_go_by_name_and_by_file_name(asked: str) -> None:
    with pytest.raises(weights.MissingWeights, match="finding people"):
        weights.find(asked)


# The mirror


def test_the_mirror_comes_before_the_network(site: Site, cache: Path, mirror: Path) -> None:
    (mirror / "tiny.task").write_bytes(CONTENT)
    item = artefact(download(site))
    assert weights.find(item) == mirror / "tiny.task"
    assert names(cache) == []
    assert weights.fetch(item) == weights.find(item) == cache / "tiny.task"
    assert (cache / "tiny.task").read_bytes() == CONTENT
    assert site.asked == []


@pytest.mark.parametrize("function", [weights.find, weights.fetch])
def test_other_bytes_in_the_mirror_are_refused(
    site: Site, cache: Path, mirror: Path, function: Callable[[Artefact], Path]
) -> None:
    (mirror / "tiny.task").write_bytes(WRONG)
    with pytest.raises(weights.WeightsCorrupt, match="replace it there") as caught:
        function(artefact(download(site)))
    assert caught.value.where == str(mirror / "tiny.task")
    assert sha256(WRONG) in caught.value.found
    assert names(cache) == []


def test_content_that_only_a_mirror_has_is_accepted_from_it_but_not_fetched(mirror: Path) -> None:
    item = artefact(Source("ours", sha256(CONTENT), len(CONTENT)))
    with pytest.raises(weights.WeightsUnreachable, match="ours: only from a mirror"):
        weights.fetch(item)
    (mirror / "tiny.task").write_bytes(CONTENT)
    assert weights.fetch(item).read_bytes() == CONTENT


@pytest.mark.skipif(not REAL_MIRROR, reason="COMPORT_WEIGHTS_MIRROR is not set")
@pytest.mark.parametrize("item", ARTEFACTS, ids=lambda item: item.name)
def test_the_table_accepts_what_the_real_mirror_holds(
    item: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPORT_WEIGHTS_MIRROR", str(REAL_MIRROR))
    if weights.state(item) == "missing":
        pytest.skip(f"{item.file_name} is not in the mirror")
    assert weights.state(item, check=True) == "ready"


def test_every_row_of_the_table_is_pinned_safe_and_fetchable() -> None:
    for item in ARTEFACTS:
        assert any(isinstance(source, Download | WheelPack) for source in item.sources), item.name
        for source in item.sources:
            assert not isinstance(source, Download) or source.url.startswith("https://")
    items: list[Item] = [*ARTEFACTS, *WHISPER_MODELS]
    contents = [content for item in items for content in item.contents]
    assert all(len(bytes.fromhex(sha)) == 32 and size_bytes > 1_000_000 for sha, size_bytes in contents)
    assert len({sha for sha, _ in contents}) == len(contents)
    assert all(len(bytes.fromhex(model.revision)) == 20 for model in WHISPER_MODELS)


# Wheels


def wheel_file(folder: Path, members: dict[str, bytes]) -> Path:
    path, about = folder / "fakemodels-1.0-py3-none-any.whl", "fakemodels-1.0.dist-info"
    members = members | {f"{about}/METADATA": b"Metadata-Version: 2.1\nName: fakemodels\nVersion: 1.0\n"}
    members |= {f"{about}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n", f"{about}/RECORD": b""}
    path.write_bytes(tflite_metadata.bundle(members))
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return tmp_path / "index"


def hand_pack(wheel_sha256: str) -> WheelPack:
    packed = tflite_metadata.hand_bundle(b"palm", b"hand")
    accepted = ("packed", sha256(packed), len(packed))
    return WheelPack(
        *accepted, "fakemodels==1.0", wheel_sha256, tuple(PALM_AND_HAND), tflite_metadata.hand_bundle
    )


def test_a_bundle_is_packed_from_the_wheel_that_pip_brings(cache: Path, index: Path) -> None:
    wheel = wheel_file(index, PALM_AND_HAND)
    path = weights.fetch(artefact(hand_pack(sha256(wheel.read_bytes()))))
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["hand_detector.tflite", "hand_landmarks_detector.tflite"]
        assert [archive.read(name) for name in archive.namelist()] == [b"palm", b"hand"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names(cache) == ["tiny.task"]


def test_a_wheel_with_another_hash_is_refused(cache: Path, index: Path) -> None:
    wheel_file(index, PALM_AND_HAND)
    with pytest.raises(tflite_metadata.WheelRefused, match="not the pinned one"):
        weights.fetch(artefact(hand_pack("0" * 64)))
    assert names(cache) == []


def test_a_wheel_that_pip_cannot_bring_is_one_reason_in_one_line(index: Path) -> None:
    with pytest.raises(
        weights.WeightsUnreachable, match=r"No matching distribution .* fakemodels==1\.0"
    ) as caught:
        weights.fetch(artefact(hand_pack("0" * 64)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("member", "found"), [("m/none.tflite", "no item named"), ("big", "big of 101711872 bytes")]
)
def test_a_wheel_whose_member_is_absent_or_huge_is_refused(tmp_path: Path, member: str, found: str) -> None:
    wheel = tmp_path / "any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big", bytes(97 << 20))
    with pytest.raises(tflite_metadata.WheelRefused, match=found):
        tflite_metadata.wheel_members(wheel, sha256(wheel.read_bytes()), (member,))


def test_image_scaling_is_written_into_a_model() -> None:
    import flatbuffers
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
    from mediapipe.tasks.metadata import schema_py_generated as schema

    image, box, graph, model = schema.TensorT(), schema.TensorT(), schema.SubGraphT(), schema.ModelT()
    image.name, image.shape, box.name, box.shape = "input_1", [1, 8, 8, 3], "Identity", [1, 4]
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [image, box], [0], [1], []
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    scale = partial(tflite_metadata.with_image_normalisation, bytes(builder.Output()), "tiny.tflite")

    written = scale(mean=127.5, std=64.0)
    assert written == scale(mean=127.5, std=64.0)
    model = schema.Model.GetRootAsModel(written, 0)
    assert model.Metadata(0).Name() == b"TFLITE_METADATA"
    data = model.Buffers(model.Metadata(0).Buffer()).DataAsNumpy().tobytes()
    described = metadata_schema.ModelMetadataT.InitFromObj(metadata_schema.ModelMetadata.GetRootAs(data, 0))
    graph = described.subgraphMetadata[0]
    scaling = graph.inputTensorMetadata[0].processUnits[0].options
    assert (described.name, scaling.mean, scaling.std) == (b"tiny.tflite", [127.5], [64.0])
    assert [output.name for output in graph.outputTensorMetadata] == [b"Identity"]


def test_the_speaker_graph_is_the_same_bytes_each_time_and_depends_on_what_it_hears() -> None:
    import onnxruntime

    values = ((np.arange(1_500_000) * 7919 % 1009 - 504) / 8192).astype("<f4")
    # The large block of weights begins three bytes past a multiple of four.
    graph = tflite_metadata.speaker_onnx(b"\0\0\0" + values.tobytes())
    assert sha256(graph) == "97646aa668caea181e102ba0643c73240f67746333498e107ffeb674ebe19388"
    mels = np.random.default_rng(3).normal(0, 1, (2, 160, 40)).astype(np.float32)
    (embedding,) = onnxruntime.InferenceSession(graph).run(["embed"], {"mels": mels})
    assert embedding.shape == (2, 256)
    assert np.allclose(np.linalg.norm(embedding, axis=1), 1, atol=1e-5)
    assert np.abs(embedding[0] - embedding[1]).max() > 1e-3


# Speech recognition models


def toy(model_bin: bytes = TOY["model.bin"]) -> WhisperModel:
    return WhisperModel("toy", "maker/toy", REVISION, sha256(model_bin), len(model_bin))


def whisper_folder(folder: Path, files: dict[str, bytes] = TOY) -> Path:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_whisper_folder_is_taken_by_its_path_when_complete(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path / "mine")
    assert weights.find_whisper(folder) == weights.find_whisper(str(folder)) == folder
    for name in TOY:
        (folder / name).rename(tmp_path / "away")
        with pytest.raises(weights.WeightsCorrupt, match=f"no {name.split('.')[0]}"):
            weights.find_whisper(folder)
        (tmp_path / "away").rename(folder / name)


@pytest.mark.parametrize(("asked", "nearest"), [("smal", "small"), ("large-v3-trubo", "large-v3-turbo")])
def test_an_unknown_whisper_name_is_answered_with_the_nearest_first(asked: str, nearest: str) -> None:
    with pytest.raises(weights.UnknownWeights) as caught:
        weights.find_whisper(asked)
    assert caught.value.known[0] == nearest
    assert set(caught.value.known) == set(weights.whisper_names())


@pytest.mark.parametrize(
    ("asked", "fetched"),
    [("tiny", "whisper-tiny"), ("whisper-tiny", "whisper-tiny"), ("turbo", "whisper-large-v3-turbo")],
)
def test_a_missing_whisper_model_names_the_command_that_brings_it(asked: str, fetched: str) -> None:
    with pytest.raises(weights.MissingWeights) as caught:
        weights.find_whisper(asked)
    assert caught.value.line.endswith(f"run: comport weights fetch {fetched}")


@pytest.mark.parametrize("entry", ["whisper-toy", "toy"])
def test_a_whisper_folder_is_copied_from_the_mirror(cache: Path, mirror: Path, entry: str) -> None:
    whisper_folder(mirror / entry, TOY | {"README.md": b"not needed"})
    assert weights.state(toy()) == "ready"
    folder = weights.fetch(toy())
    assert names(folder) == [".comport.json", *sorted(TOY)]
    assert json.loads((folder / ".comport.json").read_text())["model.bin"] == toy().sha256
    assert names(cache) == ["whisper-toy"]


def test_another_model_under_a_whisper_name_is_refused(cache: Path, mirror: Path) -> None:
    whisper_folder(mirror / "toy", TOY | {"model.bin": b"WEIGHTS"})
    whisper_folder(mirror / "whisper-tiny")
    with pytest.raises(weights.WeightsCorrupt, match="replace it there"):
        weights.fetch(toy())
    with pytest.raises(weights.WeightsCorrupt, match="replace it there"):
        weights.find_whisper("tiny")
    assert names(cache) == []


def fetch_in_new_process(site: Site, model: WhisperModel) -> str:
    """What a new process says: the hub client reads its endpoint when it is imported."""
    script = (
        "import sys; from models import errors, weights, weights_table\n"
        "sha256, size_bytes = sys.argv[1], int(sys.argv[2])\n"
        f"model = weights_table.WhisperModel('toy', 'maker/toy', {REVISION!r}, sha256, size_bytes)\n"
        "try: print(weights.fetch(model))\n"
        "except errors.ComportError as error: print(type(error).__name__, error.line)"
    )
    places = {"HF_ENDPOINT": site.address, "HF_HOME": os.environ["COMPORT_WEIGHTS"] + "-hub"}
    run = subprocess.run(
        [sys.executable, "-c", script, model.sha256, str(model.size_bytes)],
        env=os.environ | places | {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("pinned", "served", "said"),
    [
        (b"weights", True, "/cache/whisper-toy"),
        (b"WEIGHTS", True, "WeightsCorrupt the weights whisper-toy in maker/toy are not the pinned ones"),
        (b"weights", False, "WeightsUnreachable the weights whisper-toy could not be fetched (maker/toy: "),
    ],
    ids=["pinned", "other", "absent"],
)
def test_a_whisper_model_comes_from_the_hub_or_says_why_not(
    site: Site, cache: Path, pinned: bytes, served: bool, said: str
) -> None:
    listing = [
        {"type": "file", "path": name, "size": len(TOY[name]), "oid": sha256(TOY[name])} for name in TOY
    ]
    if served:
        site.files = {f"/maker/toy/resolve/{REVISION}/{name}": data for name, data in TOY.items()}
        site.files[f"/api/models/maker/toy/tree/{REVISION}"] = json.dumps(listing).encode()
    assert said in fetch_in_new_process(site, toy(pinned))
    arrived = served and pinned == TOY["model.bin"]
    assert names(cache) == (["whisper-toy"] if arrived else [])
    assert names(cache / "whisper-toy") == ([".comport.json", *sorted(TOY)] if arrived else [])


def test_whisper_repositories_are_those_of_the_installed_library() -> None:
    from faster_whisper.utils import _MODELS

    for model in WHISPER_MODELS:
        assert _MODELS[model.short_name].split("/")[1] == model.repository.split("/")[1]


# Digests, folders, errors


def test_a_digest_follows_names_and_bytes_but_no_hidden_file(tmp_path: Path) -> None:
    first, second = whisper_folder(tmp_path / "a"), whisper_folder(tmp_path / "b")
    (second / ".comport.json").write_text("{}")
    assert weights.digest(first) == weights.digest(second)
    (second / "config.json").write_bytes(b"{} ")
    assert weights.digest(first) != weights.digest(second)
    assert weights.digest(first / "model.bin") == sha256(b"weights")


def test_the_cache_is_the_users_own_unless_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert weights.cache_folder() == cache
    monkeypatch.delenv("COMPORT_WEIGHTS")
    assert weights.cache_folder().parts[-2:] == ("comport", "weights")
    assert weights.mirror_folder() is None


@pytest.mark.parametrize(
    "error",
    [
        weights.MissingWeights("tiny", "a test", ("here", "there")),
        weights.UnknownWeights("tny", ("tiny", "base")),
        weights.WeightsCorrupt("tiny", "here", "SHA-256 00", ("11", "22"), "mend it"),
        weights.WeightsUnreachable("tiny", "tiny.task", ("official download: no route",)),
        weights.CacheUnusable("/full", "no space left"),
        tflite_metadata.WheelUndelivered("fakemodels==1.0", "no network"),
        tflite_metadata.WheelRefused("fakemodels.whl", "SHA-256 00", "11"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling_and_are_one_line(error: ComportError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), vars(again)) == (type(error), vars(error))
    assert str(again) == str(error) == error.line


def test_importing_loads_no_heavy_library() -> None:
    check = "import sys, models.weights; print({'mediapipe', 'faster_whisper', 'numpy'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == "set()"
