"""What the house wears: its colours, how far clothes are from them, and where pictures of the rest lie."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, model_validator

from audit.lookbook import Thing
from audit.yamlfile import Checked

Part = Literal["upper", "lower"]

PARTS: tuple[Part, ...] = ("upper", "lower")
"""In the order of `PersonTrack.clothes_lab`: torso, thighs."""

LIGHTNESS_WEIGHT = 2.0
"""kL of CIEDE2000: a difference in lightness counts half, as for textiles (CIE 142-2001, CMC 2:1). Shade and
exposure change the lightness of a cloth far more than its hue: with kL = 1 house clothes at one stop more
light differ from themselves by up to 20, with kL = 2 by up to 13 (`docs/accuracy.md`, colours)."""

HOUSE_COLOUR = 12.0
"""Clothes up to so far from a house colour are taken for it. Under light of another colour and up to half a
stop of exposure the rendered house colour stays below 10.4, other clothes above 14.2 (`docs/accuracy.md`)."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _colours(value: object) -> object:
    value = _listed(value)
    for one in value if isinstance(value, list | tuple) else ():
        if not isinstance(one, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", one):
            raise ValueError(f"{one!r} is no colour; write it as in '#006978', in quotation marks")
    return value


Colours = Annotated[tuple[str, ...], BeforeValidator(_colours)]


class Palette(Checked):
    """The colours that the house wears, sRGB as `#rrggbb`: of upper and of lower clothes; and of what has no
    colour of its own the folder, beside the rubric, of pictures with it and without it."""

    upper: Colours = ()
    lower: Colours = ()
    head_cover: str = ""
    badge: str = ""
    apron: str = ""
    face_mask: str = ""

    @model_validator(mode="after")
    def _some(self) -> "Palette":
        if not (self.upper or self.lower or self.folders):
            raise ValueError("names no colour; expected upper, lower or both, or a folder of pictures: badge")
        return self

    @property
    def folders(self) -> dict[Thing, str]:
        """The folders of pictures that it names."""
        named: dict[Thing, str] = {
            "head_cover": self.head_cover,
            "badge": self.badge,
            "apron": self.apron,
            "face_mask": self.face_mask,
        }
        return {thing: folder for thing, folder in named.items() if folder}

    def of(self, part: Part) -> tuple[str, ...]:
        """The colours of one part."""
        return self.upper if part == "upper" else self.lower


def difference(lab: NDArray[np.floating], colours: Sequence[str]) -> NDArray[np.float64]:
    """CIEDE2000 (kL = 2) of each CIELAB colour (n, 3) to the nearest of `colours`, shape (n,); NaN stays."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    rgb = [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours]
    house = np.asarray(rgb2lab(np.array(rgb, np.float64)), np.float64)
    measured = np.asarray(lab, np.float64)
    found = np.full((len(house), len(measured)), np.nan)
    known = np.isfinite(measured).all(axis=1)
    for row, colour in enumerate(house):
        found[row, known] = deltaE_ciede2000(measured[known], colour[None], kL=LIGHTNESS_WEIGHT)  # type: ignore[no-untyped-call]
    return np.asarray(found.min(axis=0), np.float64)
