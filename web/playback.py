"""What a browser can play, and as which type it is sent."""

import functools
from pathlib import Path

import msgspec

from models.media import digest_file
from models.observations import Recording

_PCM = frozenset({"pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le"})
_MP3 = frozenset({"mp3", "mp3float"})
_FREE = frozenset({"opus", "libopus", "vorbis", "libvorbis"})
_MP4 = frozenset({"aac"}) | _MP3 | _FREE

_CONTAINERS: dict[str, tuple[str, frozenset[str]]] = {
    ".wav": ("audio/wav", _PCM),
    ".mp3": ("audio/mpeg", _MP3),
    ".m4a": ("audio/mp4", _MP4),
    ".aac": ("audio/aac", frozenset({"aac"})),
    ".ogg": ("audio/ogg", _FREE | {"flac"}),
    ".oga": ("audio/ogg", _FREE | {"flac"}),
    ".opus": ("audio/ogg", _FREE),
    ".flac": ("audio/flac", frozenset({"flac"})),
    ".mp4": ("video/mp4", _MP4),
    ".m4v": ("video/mp4", _MP4),
    ".webm": ("video/webm", _FREE),
}
"""Suffix → (type, sound codecs by their FFmpeg names) that Chromium, Firefox and Safari all play.
Source: MDN, "Media container formats" and "Web audio codec guide"."""


class Playback(msgspec.Struct, frozen=True):
    """How a page offers a recording: `problem` says why it cannot be played, empty when it can."""

    mime: str
    is_video: bool
    problem: str


def playback_of(path: Path, recording: Recording) -> Playback:
    """How a browser gets this recording.

    Raises:
        UnreadableMedia: the file is there but may not be read.
    """
    mime, codecs = _CONTAINERS.get(path.suffix.lower(), ("application/octet-stream", frozenset()))
    problem = ""
    if not path.is_file():
        problem = (
            f"The recording {path.name} is no longer where it was audited. "
            "Put it back, or audit it again at its new place."
        )
    elif not is_same(path, recording):
        problem = (
            f"The file {path.name} was changed after it was audited, so it is not played: "
            "the moments of the findings may be elsewhere in it. Audit it again."
        )
    elif recording.codec not in codecs:
        problem = (
            f"Browsers cannot play this recording ({path.suffix.lstrip('.') or 'no suffix'}, "
            f"{recording.codec}). Its waveform, transcript and evidence are complete."
        )
    return Playback(mime, recording.size_px is not None, problem)


def is_same(path: Path, recording: Recording) -> bool:
    """Whether the file still is the recording that was audited.

    Raises:
        UnreadableMedia: it may not be read.
    """
    facts = path.stat()
    return _digest(path, facts.st_mtime_ns, facts.st_size) == recording.id


@functools.lru_cache(maxsize=4096)
def _digest(path: Path, _mtime_ns: int, _size_bytes: int) -> str:
    # A player asks for many ranges of one file: it is read through once for each time that it changed.
    return digest_file(path)
