"""Numbers with units, as a manual writes them: `15 s`, `2 min`, `90 %`, `160 wpm`, `2 turns`, `3 per min`;
and times of day, `17:30`."""

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
    "time": ("times", 1.0),
    "times": ("times", 1.0),
    "": ("times", 1.0),
    "m": ("m", 1.0),
    "cm": ("m", 0.01),
    "de": ("dE", 1.0),
    "people": ("people", 1.0),
    "person": ("people", 1.0),
    "per min": ("per min", 1.0),
    "per minute": ("per min", 1.0),
    "per h": ("per min", 1 / 60),
    "per hour": ("per min", 1 / 60),
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
    "people": "a number of people",
    "per min": "a count per minute",
    "clock": "a time of day",
}

BELOW_ZERO = ("dB", "LUFS")
"""Units in which a value may be negative: both are counted from a level that is 0."""

MOST = 1e7
"""No amount in a service manual is larger (115 days in seconds)."""

DAY_S = 86_400.0
"""A day by the clock, in seconds."""

_CLOCK = re.compile(r"\s*([01]?\d|2[0-4]):([0-5]\d)\s*")
"""A time of day; 24:00 is the end of it."""

_FORM = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*((?:(?:times?\s+)?per\s+[a-z]+)|[a-zA-Z%]*)\s*", re.IGNORECASE)


class BadQuantity(ComportError, ValueError):
    """A text that is no number with a known unit."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        examples = "15 s, 2 min, 90 %, 160 wpm, -23 LUFS, 17:30, 2 turns or 3"
        return f"'{self.text}' is not a number with a unit; write for example {examples}"


@dataclass(frozen=True)
class Quantity:
    """A value in its base unit (a key of `KIND_OF_UNIT`) and the words it was written in."""

    value: float
    unit: str
    written: str

    def __str__(self) -> str:
        return self.written

    def fits(self, unit: str) -> bool:
        """Whether it may stand where this base unit is wanted: a bare number counts people, too."""
        return self.unit == unit or (unit == "people" and self.written.replace(".", "", 1).isdigit())


def parse_quantity(written: object) -> Quantity:
    """The quantity that was written.

    Raises:
        BadQuantity: it is no number, its unit is unknown, or it is negative in a unit that never is.
    """
    if isinstance(written, Quantity):
        return written
    clock = _CLOCK.fullmatch(str(written))
    if clock and (since_s := 3600.0 * int(clock[1]) + 60.0 * int(clock[2])) <= DAY_S:
        return Quantity(since_s, "clock", str(written).strip())
    form = None if isinstance(written, bool) else _FORM.fullmatch(str(written))
    unit_written = " ".join(form[2].lower().split()) if form else ""
    if " per " in unit_written:
        unit_written = unit_written[unit_written.index("per ") :]
    if form is None or unit_written not in UNITS:
        raise BadQuantity(str(written))
    unit, factor = UNITS[unit_written]
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
        case "clock":
            return f"{int(value // 3600)}:{int(value % 3600 // 60):02}"
        case "people":
            return f"{value:.0f} {'person' if value == 1 else 'people'}"
        case "per min":
            return f"{value:.1f} per min"
        case "wpm" | "spm" | "dB" | "Hz" | "dE":
            return f"{value:.0f} {unit}"
    return f"{value:.0f} {'time' if value == 1 else 'times'}"
