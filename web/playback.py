"""What a browser can play, and as which type it is sent."""

import functools
import stat
from pathlib import Path

import msgspec

from audit.redaction import Gone, silences
from models import muting
from models.media import UnreadableMedia, digest_file
from models.observations import Recording, Span
from web.languages import gettext

_PCM = frozenset({"pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le"})
_MP3 = frozenset({"mp3", "mp3float"})
_FREE = frozenset({"opus", "libopus", "vorbis", "libvorbis"})
_MP4 = frozenset({"aac"}) | _MP3 | _FREE

_CODEC_NAMES = {"mp3float": "mp3", "libopus": "opus", "libvorbis": "vorbis", "libmp3lame": "mp3"}
"""FFmpeg's names of decoders → what people call the codec."""

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


_PICTURES = frozenset({"h264", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d"})
"""Picture codecs that they all play, by their FFmpeg names; asked of videos without sound."""


class Playback(msgspec.Struct, frozen=True):
    """How a page offers a recording: `problem` says why it cannot be played, empty when it can."""

    mime: str
    is_video: bool
    problem: str
    silent: tuple[Span, ...] = ()
    """When nothing is heard, because card data or a secret is said."""
    copied: str = ""
    """Why browsers get a copy in another form, empty when they play the recording as it is."""


def playback_of(path: Path, recording: Recording, gone: tuple[Gone, ...] | None) -> Playback:
    """How a browser gets this recording; what is `gone` from its sound (None: nobody knows) is not played."""
    codecs = _CONTAINERS.get(path.suffix.lower(), ("", frozenset[str]()))[1]
    mime, copied = type_of(path), ""
    problem = file_problem(path, recording)
    quiet = silences(gone or ()) if recording.channels else ()
    if not problem and gone is None:
        problem = gettext(
            "The recording is not played: what was heard in it is damaged, so nobody knows where card data "
            "is said. Audit it again."
        )
    elif not problem and quiet:
        mime, _ = _CONTAINERS[muting.suffix(recording)]
    elif not problem and recording.codec not in (codecs if recording.channels or not codecs else _PICTURES):
        mime, _ = _CONTAINERS[muting.suffix(recording)]
        copied = gettext(
            "Browsers cannot play this recording (%(suffix)s, %(codec)s). "
            "What is played is a copy, which is made once: the first time takes longer.",
            suffix=path.suffix.lstrip(".") or gettext("no suffix"),
            codec=codec_name(recording.codec),
        )
    return Playback(mime, recording.size_px is not None, problem, quiet, copied)


def type_of(path: Path) -> str:
    """The media type of a file by its name; that of any bytes where browsers know none."""
    return _CONTAINERS.get(path.suffix.lower(), ("application/octet-stream", None))[0]


def is_media(recording: Recording) -> bool:
    """Whether there is anything to hear or see in it: transcripts and chats have neither."""
    return bool(recording.channels) or recording.size_px is not None


def codec_name(codec: str) -> str:
    """What people call a codec of FFmpeg."""
    return _CODEC_NAMES.get(codec, codec)


def file_problem(path: Path, recording: Recording) -> str:
    """Why the file at `path` cannot be given out as the recording that was audited, empty when it can."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise FileNotFoundError
        same = _digest(path, facts.st_mtime_ns, facts.st_size) == recording.id
    except (FileNotFoundError, NotADirectoryError):
        return gettext(
            "The recording %(name)s is no longer where it was audited. "
            "Put it back, or audit it again at its new place.",
            name=path.name,
        )
    except OSError as error:
        return _unreadable(path, error.strerror or str(error))
    except UnreadableMedia as error:
        return _unreadable(path, error.found)
    if not same:
        return gettext(
            "The file %(name)s was changed after it was audited, so it is not played: "
            "the moments of the findings may be elsewhere in it. Audit it again.",
            name=path.name,
        )
    return ""


def _unreadable(path: Path, found: str) -> str:
    return gettext(
        "The recording %(name)s cannot be read (%(found)s). "
        "Let the account that runs the dashboard read it and its folder.",
        name=path.name,
        found=found,
    )


@functools.lru_cache(maxsize=4096)
def _digest(path: Path, _mtime_ns: int, _size_bytes: int) -> str:
    # A player asks for many ranges of one file: it is read through once for each time that it changed.
    return digest_file(path)
