"""Numbers with units, as a manual writes them: `15 s`, `2 min`, `90 %`, `160 wpm`, `2 turns`."""

import re
from dataclasses import dataclass

from models.errors import ComportError

UNITS: dict[str, tuple[str, float]] = {
    "ms": ("s", 0.001),
    "s": ("s", 1.0),
    "sec": ("s", 1.0),
    "min": ("s", 60.0),
    "h": ("s", 3600.0),
    "%": ("%", 1.0),
    "wpm": ("wpm", 1.0),
    "spm": ("spm", 1.0),
    "db": ("dB", 1.0),
    "lufs": ("LUFS", 1.0),
    "hz": ("Hz", 1.0),
    "semitone": ("semitones", 1.0),
    "semitones": ("semitones", 1.0),
    "turn": ("turns", 1.0),
    "turns": ("turns", 1.0),
    "times": ("times", 1.0),
    "": ("times", 1.0),
    "m": ("m", 1.0),
    "cm": ("m", 0.01),
    "de": ("dE", 1.0),
}
"""Written unit → (base unit, factor)."""

KIND_OF_UNIT = {
    "s": "a time",
    "%": "a share",
    "wpm": "a rate of words",
    "spm": "a rate of syllables",
    "dB": "a ratio of levels",
    "LUFS": "a loudness",
    "Hz": "a pitch",
    "semitones": "an interval",
    "turns": "turns",
    "times": "a count",
    "m": "a distance",
    "dE": "a difference of colours",
}

BELOW_ZERO = ("dB", "LUFS")
"""Units in which a value may be negative: both are counted from a level that is 0."""

MOST = 1e7
"""No amount in a service manual is larger (115 days in seconds)."""

_FORM = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z%]*)\s*")


class BadQuantity(ComportError, ValueError):
    """A text that is no number with a known unit."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        examples = "15 s, 2 min, 90 %, 160 wpm, -23 LUFS, 2 turns or 3"
        return f"'{self.text}' is not a number with a unit; write for example {examples}"


@dataclass(frozen=True)
class Quantity:
    """A value in its base unit (a key of `KIND_OF_UNIT`) and the words it was written in."""

    value: float
    unit: str
    written: str

    def __str__(self) -> str:
        return self.written


def parse_quantity(written: object) -> Quantity:
    """The quantity that was written.

    Raises:
        BadQuantity: it is no number, its unit is unknown, or it is negative in a unit that never is.
    """
    if isinstance(written, Quantity):
        return written
    form = None if isinstance(written, bool) else _FORM.fullmatch(str(written))
    if form is None or form[2].lower() not in UNITS:
        raise BadQuantity(str(written))
    unit, factor = UNITS[form[2].lower()]
    if not (-MOST if unit in BELOW_ZERO else 0) <= float(form[1]) <= MOST:
        raise BadQuantity(str(written))
    return Quantity(float(form[1]) * factor, unit, " ".join(str(written).split()))


def show(value: float, unit: str) -> str:
    """A measured value for people, rounded here and nowhere else."""
    match unit:
        case "s" if value >= 100:
            minutes, seconds = divmod(round(value), 60)
            return f"{minutes} min {seconds:02} s"
        case "s":
            return f"{value:.1f} s"
        case "%" if 0 < value < 1:
            return f"{value:.1g} %"
        case "%":
            return f"{value:.0f} %"
        case "m":
            return f"{value:.2f} m"
        case "LUFS" | "semitones":
            return f"{value:.1f} {unit}"
        case "wpm" | "spm" | "dB" | "Hz" | "dE":
            return f"{value:.0f} {unit}"
    return f"{value:.0f} {'time' if value == 1 else 'times'}"
