"""Which recordings browsers play as they are, judged by their files: container, sound and picture."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from models.media import opened, picture_of
from models.observations import Recording

if TYPE_CHECKING:
    import av

_PCM = frozenset({"pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le"})
_MP3 = frozenset({"mp3", "mp3float"})
_FREE = frozenset({"opus", "libopus", "vorbis", "libvorbis"})
_VPX = frozenset({"vp9", "libvpx-vp9", "av1", "libdav1d"})
_NONE = frozenset[str]()

OF_MP4 = frozenset({"h264"}) | _VPX
"""Picture codecs that browsers play out of MP4, by their FFmpeg names."""

PLAIN = frozenset({"yuv420p", "yuvj420p"})
"""FFmpeg's names of pictures with 8 bits and colours at half the size: the only ones that all browsers show
of H.264 (High), VP9 (profile 0) and AV1. Source: MDN, "Web video codec guide"."""


class Form(NamedTuple):
    """What browsers play under one suffix: its media type, FFmpeg's name of the container, and codecs of
    sound and picture by their FFmpeg names."""

    mime: str
    container: str
    sounds: frozenset[str]
    pictures: frozenset[str] = _NONE


_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"

FORMS: dict[str, Form] = {
    ".wav": Form("audio/wav", "wav", _PCM),
    ".mp3": Form("audio/mpeg", "mp3", _MP3),
    ".m4a": Form("audio/mp4", _MP4, _MP3 | _FREE | {"aac"}),
    ".aac": Form("audio/aac", "aac", frozenset({"aac"})),
    ".ogg": Form("audio/ogg", "ogg", _FREE | {"flac"}),
    ".oga": Form("audio/ogg", "ogg", _FREE | {"flac"}),
    ".opus": Form("audio/ogg", "ogg", _FREE),
    ".flac": Form("audio/flac", "flac", frozenset({"flac"})),
    ".mp4": Form("video/mp4", _MP4, _MP3 | _FREE | {"aac"}, OF_MP4),
    ".m4v": Form("video/mp4", _MP4, _MP3 | _FREE | {"aac"}, OF_MP4),
    ".webm": Form("video/webm", "matroska,webm", _FREE, _VPX | {"vp8", "libvpx"}),
}
"""What Chromium, Firefox and Safari all play.
Source: MDN, "Media container formats", "Web audio codec guide" and "Web video codec guide"."""


def media_type(path: Path) -> str:
    """The media type of a file by its name; that of any bytes where browsers know none."""
    form = FORMS.get(path.suffix.lower())
    return form.mime if form else "application/octet-stream"


def unplayable(path: Path, recording: Recording) -> str:
    """The codec because of which browsers do not play the file, by its FFmpeg name; empty when they play it.

    It is that of the sound where its container is in the way, or its name tells of another one.

    Raises:
        UnreadableMedia: the file cannot be read.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None or (recording.channels and recording.codec not in form.sounds):
        return recording.codec
    facts = path.stat()
    container, picture, pixels = _inside(path, facts.st_mtime_ns, facts.st_size)
    if container != form.container:
        return recording.codec
    if recording.size_px is not None and (picture not in form.pictures or pixels not in PLAIN):
        return picture
    return ""


def copied_to_mp4(stream: "av.VideoStream") -> bool:
    """Whether browsers play this picture out of MP4 as it is."""
    return stream.codec_context.name in OF_MP4 and stream.codec_context.pix_fmt in PLAIN


@functools.lru_cache(maxsize=4096)
def _inside(path: Path, _mtime_ns: int, _size_bytes: int) -> tuple[str, str, str]:
    """FFmpeg's names of container, picture codec and pixels; the last two empty without a picture."""
    with opened(path) as container:
        picture = picture_of(container)
        name = picture.codec_context.name if picture else ""
        return container.format.name, name, (picture.codec_context.pix_fmt or "") if picture else ""
