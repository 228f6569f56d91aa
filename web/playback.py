"""What a browser can play, and as which type it is sent."""

import functools
import stat
from pathlib import Path
from typing import Any

import msgspec

from audit.copies import Copy, quiet_in
from audit.redaction import Gone
from models.media import UnreadableMedia, digest_file
from models.muting import suffix
from models.observations import Recording, Span
from models.playable import media_type, unplayable
from web.languages import gettext, percent

_CODEC_NAMES = {"mp3float": "mp3", "libopus": "opus", "libvorbis": "vorbis", "libmp3lame": "mp3"}
"""FFmpeg's names of decoders → what people call the codec."""


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
    mime, copied = media_type(path), ""
    problem = file_problem(path, recording)
    quiet = quiet_in(recording, gone or ())
    if not problem and gone is None:
        problem = gettext(
            "The recording is not played: what was heard in it is damaged, so nobody knows where card data "
            "is said. Audit it again."
        )
    elif not problem:
        try:
            codec = unplayable(path, recording)
        except UnreadableMedia as error:
            return Playback(mime, recording.size_px is not None, _unreadable(path, error.found))
        if codec or quiet:
            mime = media_type(Path(f"copy{suffix(recording)}"))
        if codec:
            copied = gettext(
                "Browsers cannot play this recording (%(suffix)s, %(codec)s). "
                "What is played is a copy, which is made once.",
                suffix=path.suffix.lstrip(".") or gettext("no suffix"),
                codec=codec_name(codec),
            )
    return Playback(mime, recording.size_px is not None, problem, quiet, copied)


def copy_told(copy: Copy) -> dict[str, Any]:
    """How far a copy is, in the language of the page."""
    if copy.failed:
        text = gettext("The copy that is played could not be made: %(why)s", why=copy.failed)
    elif copy.ready:
        text = gettext("The copy is made.")
    else:
        text = gettext("The copy that is played is being made: %(share)s", share=percent(copy.share))
    return {"share": copy.share, "text": text, "ready": copy.ready, "failed": bool(copy.failed)}


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
