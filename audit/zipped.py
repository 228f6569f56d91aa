"""A zip of chats and recordings, taken apart into files that may be brought in, with limits against bombs."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from audit.uploads import MOST_BYTES, BadUpload, TooLarge

MOST_FILES = 500
"""Files of one zip: a month of chats of a team. Our choice."""

MOST_RATIO = 200
"""So many times smaller than its content a file may be: transcripts shrink about tenfold, deflate's limit is
1032 (zlib's own manual), and what is beyond this is made to fill a disk."""


def is_zip(name: str) -> bool:
    """Whether a file is called a zip."""
    return name.lower().endswith(".zip")


def files_in(name: str, content: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """The (name, content) of every file in a zip, which is not written anywhere.

    Raises:
        BadUpload: it is no zip, is encrypted, holds no file or too many, or one packed far too tightly.
        TooLarge: all together have more than `MOST_BYTES`.
    """
    try:
        with zipfile.ZipFile(content) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
            _check(name, members)
            if (bad := archive.testzip()) is not None:
                raise BadUpload(name, f"'{bad[-40:]}' in it is damaged")
            for one in members:
                with archive.open(one) as file:
                    yield one.filename, file
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise BadUpload(name, f"is no zip that can be read: {error}") from error


def _check(name: str, members: list[zipfile.ZipInfo]) -> None:
    if not 0 < len(members) <= MOST_FILES:
        raise BadUpload(name, f"holds {len(members)} files; a zip has 1 to {MOST_FILES}")
    if any(one.flag_bits & 1 for one in members):
        raise BadUpload(name, "is encrypted; send it without a password")
    if sum(one.file_size for one in members) > MOST_BYTES:
        raise TooLarge(name, f"unpacks to more than the {MOST_BYTES / 1e6:.0f} MB that are taken")
    for one in members:
        if one.file_size > MOST_RATIO * max(one.compress_size, 1):
            raise BadUpload(
                name, f"'{one.filename[-40:]}' is packed more than {MOST_RATIO} times; it is refused"
            )


def _is_hidden(path: str) -> bool:
    """What packing programs add: `__MACOSX/`, `.DS_Store`."""
    return any(part.startswith((".", "__MACOSX")) for part in path.split("/"))
