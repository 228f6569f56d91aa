"""Pictures of a moment: skeletons, the distance between two people, and blurred faces; contact sheets."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.interactions import Role, clock
from models.frames import Frame, picture_at
from models.observations import People, PersonTrack
from models.pose import HEAD, HIPS, SHOULDERS

Picture = NDArray[np.uint8]
"""RGB (h, w, 3)."""

LONGEST_PX = 1280
"""Pictures are scaled down to this on their longer side: a page shows less, and a file has some 150 kB."""

JPEG_QUALITY = 85
"""Above it files grow and nobody sees more (libjpeg's own manual: 75 to 95)."""

AROUND_S = 0.3
"""Whoever was found so near in time is taken to be there: a frame between two that were looked at lies at
most 0.1 s from one at 5 a second, and a face that was lost for one frame has to stay blurred."""

ROUND_HEAD = 0.5
"""A face's landmarks end at brow and chin: the head with hair and ears reaches half of their width beyond."""

COARSE = 6
"""A blurred head has so many different pixels on a side: too few for eyes and mouth to be told."""

SHOWN = 0.5
"""Landmarks are drawn from this visibility on: the middle of MediaPipe's scale."""

COLOURS = {Role.AGENT: (0, 114, 178), Role.CUSTOMER: (230, 159, 0), None: (139, 139, 132)}
"""RGB by role, those of the dashboard (Okabe and Ito)."""

LINE_COLOUR = (240, 228, 66)

BONES = (
    *((11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24), (23, 24)),
    *((23, 25), (25, 27), (24, 26), (26, 28), (27, 31), (28, 32), (7, 0), (8, 0)),
)
"""MediaPipe's pose landmarks that a line joins: ears to nose, arms, trunk, legs, feet."""


class Shot(NamedTuple):
    """What one picture shows: when, whom it is about (labels of tracks), between which two a line is drawn
    and what stands at it, and the words in its corner."""

    time_s: float
    about: tuple[str, ...] = ()
    pair: tuple[str, str] | None = None
    apart: str = ""
    words: str = ""
    box_px: tuple[float, float, float, float] | None = None
    """Whom to look at: the picture is cut out around it, and has no skeleton."""


def shoot(path: Path, people: People, shot: Shot, roles: Mapping[str, Role], faces: bool = False) -> Picture:
    """The picture of a moment. Heads of all whom it is not about are blurred unless `faces` shows them; who
    was not found by the person detector is not.

    Raises:
        media.UnreadableMedia: the video cannot be read.
    """
    frame = picture_at(path, shot.time_s)
    picture, scale = _smaller(frame)
    there = {track.label: (track, row) for track, row in present(people, frame.time_s)}
    if not faces:
        blur(picture, [found for label, found in there.items() if label not in shot.about], scale)
    if shot.box_px is not None:
        return _cut_out(picture, np.asarray(shot.box_px) / scale)
    for label in dict.fromkeys((*shot.about, *(shot.pair or ()))):
        if label in there:
            _bones(picture, *there[label], scale, COLOURS[_party(roles, label)])
    if shot.pair and set(shot.pair) <= there.keys():
        _distance_line(picture, [there[label] for label in shot.pair], scale, shot.apart)
    if shot.words:
        _write(picture, shot.words, (8, 8))
    return picture


ROOM = 0.15
"""What is cut out reaches so much of its own size beyond on each side."""


def _cut_out(picture: Picture, box: NDArray[np.float64]) -> Picture:
    room = ROOM * (box[2:] - box[:2])
    left, top, right, bottom = _inside(np.concatenate([box[:2] - room, box[2:] + room]), picture)
    part = picture[top:bottom, left:right]
    return np.ascontiguousarray(part if part.size else picture)


def jpeg(picture: Picture) -> bytes:
    """The picture as a JPEG file."""
    import cv2

    _, content = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    return content.tobytes()


def present(people: People, time_s: float) -> Iterator[tuple[PersonTrack, int]]:
    """Everybody who is there at a time (give or take `AROUND_S`), each with the row nearest to it."""
    for track in people.tracks:
        row = int(np.abs(track.times_s - time_s).argmin()) if len(track.times_s) else 0
        if len(track.times_s) and abs(track.times_s[row] - time_s) <= AROUND_S:
            yield track, row


TILE_PX, COLUMNS = 320, 4
"""A tile of a contact sheet, and how many stand beside each other: as wide as `LONGEST_PX`."""

SHEET_TILES = 24
"""Six rows: what one page shows."""


def sheet(
    path: Path, people: People | None, times_s: Sequence[float], keep: Collection[str], faces: bool = False
) -> Picture:
    """Frames at these times side by side, each with its time; heads are blurred but those of `keep`.

    Raises:
        media.UnreadableMedia: the video cannot be read.
    """
    import cv2

    tiles = []
    for time_s in times_s:
        frame = picture_at(path, time_s)
        picture, scale = _smaller(frame)
        if people is not None and not faces:
            blur(picture, [p for p in present(people, frame.time_s) if p[0].label not in keep], scale)
        height = max(1, round(TILE_PX * picture.shape[0] / picture.shape[1]))
        tile = np.asarray(cv2.resize(picture, (TILE_PX, height), interpolation=cv2.INTER_AREA), np.uint8)
        _write(tile, clock(frame.time_s), (4, 4))
        tiles.append(tile)
    height = max(tile.shape[0] for tile in tiles)
    rows = -(-len(tiles) // COLUMNS)
    whole = np.zeros((rows * height, COLUMNS * TILE_PX, 3), np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // COLUMNS * height, number % COLUMNS * TILE_PX
        whole[top : top + tile.shape[0], left : left + TILE_PX] = tile
    return whole


def sheet_times(duration_s: float, every_s: float | None = None) -> tuple[float, ...]:
    """The times of a contact sheet: every so many seconds, or so that `SHEET_TILES` cover all."""
    step_s = every_s or max(1.0, duration_s / SHEET_TILES)
    return tuple(float(t) for t in np.arange(0.0, max(duration_s, step_s / 2), step_s))


def _smaller(frame: Frame) -> tuple[Picture, float]:
    """(picture, what its pixels have to be multiplied by to be those of the picture as shown)."""
    import cv2

    height, width = frame.picture.shape[:2]
    shrink = max(1.0, max(height, width) / LONGEST_PX)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = cv2.resize(frame.picture, size, interpolation=cv2.INTER_AREA) if shrink > 1 else frame.picture
    return np.ascontiguousarray(small, np.uint8), frame.scale * shrink


def _party(roles: Mapping[str, Role], label: str) -> Role | None:
    role = roles.get(label)
    return role if role in COLOURS else None


def blur(picture: Picture, who: Sequence[tuple[PersonTrack, int]], scale: float) -> None:
    """Blurs the heads of these people (track, row nearest in time) in a picture, where it lies; `scale` times
    its pixels are those of the picture as shown."""
    import cv2

    for track, nearest in who:
        near = np.flatnonzero(np.abs(track.times_s - track.times_s[nearest]) <= AROUND_S)
        for head in heads_px(track, near):
            left, top, right, bottom = _inside(head / scale, picture)
            patch = picture[top:bottom, left:right]
            if patch.size:
                coarse = cv2.resize(patch, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
                picture[top:bottom, left:right] = cv2.resize(coarse, patch.shape[1::-1])


def heads_px(track: PersonTrack, rows: slice | NDArray[np.intp]) -> NDArray[np.float64]:
    """The boxes (n, 4) around somebody's head in these rows, left, top, right, bottom in pixels of the
    picture as shown: by face and pose, where neither was found the upper end of the person's box."""
    face = np.asarray(track.face_px[rows], np.float64)
    face = np.where(np.isfinite(face).all(axis=1, keepdims=True), face, np.nan)
    room = ROUND_HEAD * (face[:, 2] - face[:, 0])[:, None]
    by_face = face + room * np.array([-1.0, -1.0, 1.0, 1.0])
    pose = np.asarray(track.pose_px[rows], np.float64)[..., :2]
    head = pose[:, list(HEAD)]
    head = np.where(np.isfinite(head).all(axis=(1, 2), keepdims=True), head, np.nan)
    middle = head.mean(axis=1)
    # From the side shoulders are narrow: the neck then says how large a head is.
    neck = np.linalg.norm(middle - pose[:, list(SHOULDERS)].mean(axis=1), axis=1)
    reach = np.fmax(np.ptp(head, axis=1).max(axis=1), 0.6 * neck)[:, None]
    by_pose = np.concatenate([middle - reach, middle + reach], axis=1)
    found = np.concatenate(
        [np.fmin(by_face[:, :2], by_pose[:, :2]), np.fmax(by_face[:, 2:], by_pose[:, 2:])], axis=1
    )
    upper = np.array(track.boxes_px[rows], np.float64)
    upper[:, 3] = upper[:, 1] + 0.22 * (upper[:, 3] - upper[:, 1])
    return np.where(np.isfinite(found), found, upper)


def _inside(box: NDArray[np.float64], picture: Picture) -> tuple[int, int, int, int]:
    height, width = picture.shape[:2]
    left, top, right, bottom = np.clip(box, 0, (width, height, width, height))
    return int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))


def _bones(
    picture: Picture, track: PersonTrack, row: int, scale: float, colour: tuple[int, int, int]
) -> None:
    import cv2

    pose = np.asarray(track.pose_px[row], np.float64)
    thick = max(2, picture.shape[1] // 320)
    seen = np.isfinite(pose[:, 0]) & (pose[:, 2] >= SHOWN)
    if not seen.any():
        left, top, right, bottom = (round(float(v) / scale) for v in track.boxes_px[row])
        cv2.rectangle(picture, (left, top), (right, bottom), colour, thick)
        return
    for one, other in BONES:
        if seen[one] and seen[other]:
            cv2.line(picture, _at(pose[one], scale), _at(pose[other], scale), colour, thick, cv2.LINE_AA)
    for joint in {i for bone in BONES for i in bone}:
        if seen[joint]:
            cv2.circle(picture, _at(pose[joint], scale), thick, (255, 255, 255), -1, cv2.LINE_AA)


def _distance_line(
    picture: Picture, both: Sequence[tuple[PersonTrack, int]], scale: float, words: str
) -> None:
    import cv2

    one, other = (_at(middle_px(track, row), scale) for track, row in both)
    cv2.line(picture, one, other, (0, 0, 0), max(4, picture.shape[1] // 160), cv2.LINE_AA)
    cv2.line(picture, one, other, LINE_COLOUR, max(2, picture.shape[1] // 320), cv2.LINE_AA)
    # Below the line, so that a short one can be seen.
    _write(picture, words, ((one[0] + other[0]) // 2, max(one[1], other[1]) + 8))


def middle_px(track: PersonTrack, row: int) -> NDArray[np.float64]:
    """The hip centre (2,) in the picture, or the middle of the box."""
    hips = np.asarray(track.pose_px[row][list(HIPS), :2], np.float64).mean(axis=0)
    box = np.asarray(track.boxes_px[row], np.float64)
    return hips if np.isfinite(hips).all() else (box[:2] + box[2:]) / 2


def _at(point: NDArray[np.float64], scale: float) -> tuple[int, int]:
    return round(float(point[0]) / scale), round(float(point[1]) / scale)


def _write(picture: Picture, words: str, at: tuple[int, int]) -> None:
    """Words on a dark ground, with their upper left corner at a point, moved so that they are whole."""
    import cv2

    size = max(0.45, picture.shape[1] / 1600)
    thick = max(1, round(2 * size))
    plain = words.encode("ascii", "replace").decode()
    (width, height), below = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    left = min(max(0, at[0]), max(0, picture.shape[1] - width - 8))
    top = min(max(0, at[1]), max(0, picture.shape[0] - height - below - 8))
    ground = picture[top : top + height + below + 8, left : left + width + 8]
    ground[:] = (ground * 0.25).astype(np.uint8)
    place = (left + 4, top + height + 4)
    cv2.putText(picture, plain, place, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), thick, cv2.LINE_AA)
