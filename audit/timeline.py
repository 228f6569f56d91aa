"""The signals of an interaction over time as a picture (SVG): who does what when, and how far apart."""

from collections.abc import Iterable, Iterator
from html import escape

import numpy as np

from audit.evidence import pairs_of
from audit.interactions import Conversation, Role, clock
from audit.signals import event_kinds
from models.arrays import Times
from models.geometry import distance
from models.observations import Span

WIDTH, NAMES, ROW, BAR, TOP = 1200, 260, 22, 14, 34
"""Pixels: of the whole, of the names beside it, of a row and the bar in it, and of what is above the rows."""

CURVE, FARTHEST_M = 120, 4.0
"""The height of the curve of distances in pixels, and the metres at its upper edge (Hall's social zone ends
at 3.6 m)."""

COLOURS = {Role.AGENT: "#0072b2", Role.CUSTOMER: "#e69f00"}
UNKNOWN = "#8b8b84"

NARROWEST = 2.0
"""Pixels: what happens in a moment can still be seen."""

TICKS = 12
"""Times under the rows at most."""

STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def timeline_svg(conversation: Conversation, title: str) -> str:
    """Every event that was seen, a row for each kind and role, speech above and distance below."""
    duration_s = max(conversation.duration_s, 0.001)
    rows = [*_speech(conversation), *_events(conversation)]
    bottom = TOP + ROW * len(rows)
    drawn = [_row(TOP + ROW * i, *row, duration_s) for i, row in enumerate(rows)]
    curves = list(_distances(conversation, bottom, duration_s))
    height = bottom + (CURVE + 8 if curves else 0) + 24
    drawn += curves
    drawn += list(_times(duration_s, height))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="8" y="20" font-size="15" font-weight="bold">{escape(title)}</text>'
    )
    return "\n".join([head, *drawn, "</svg>\n"])


def _speech(conversation: Conversation) -> Iterator[tuple[str, Role | None, tuple[Span, ...]]]:
    for role in (Role.AGENT, Role.CUSTOMER, None):
        if spans := conversation.speech(role):
            yield "speaks", role, spans


def _events(conversation: Conversation) -> Iterator[tuple[str, Role | None, tuple[Span, ...]]]:
    for name, kind in event_kinds().items():
        if "people" not in kind.needs or any(need in conversation.missing for need in kind.needs):
            continue
        found = kind.find(conversation)
        for role in dict.fromkeys(sorted((e.role for e in found), key=str)):
            yield name.replace("_", " "), role, tuple(e.span for e in found if e.role == role)


def _row(top: float, name: str, role: Role | None, spans: Iterable[Span], duration_s: float) -> str:
    colour = COLOURS.get(role, UNKNOWN) if role else UNKNOWN
    who = f"{role} " if role else ""
    bars = [
        f'<rect x="{_x(s.start_s, duration_s):.1f}" y="{top + (ROW - BAR) / 2:.1f}" '
        f'width="{max(NARROWEST, _x(s.end_s, duration_s) - _x(s.start_s, duration_s)):.1f}" height="{BAR}" '
        f'rx="2" fill="{colour}"><title>{clock(s.start_s)} to {clock(s.end_s)}</title></rect>'
        for s in spans
    ]
    line = f'<path d="M{NAMES} {top + ROW}H{WIDTH - 8}" stroke="#e2e2dd"/>'
    text = f'<text x="8" y="{top + ROW - 7}">{escape(who + name)}</text>'
    return text + line + "".join(bars)


def _distances(conversation: Conversation, top: float, duration_s: float) -> Iterator[str]:
    people = conversation.observations.people
    if people is None:
        return
    roles = {t.label: role for role, t in conversation.persons if role is not None}
    for number, (one, other) in enumerate(pairs_of(people, roles)):
        read = distance(people, one, other)
        if not len(read.times_s):
            continue
        if not number:
            for metres in range(int(FARTHEST_M) + 1):
                y = _y(np.array([metres]), top)[0]
                yield f'<path d="M{NAMES} {y:.1f}H{WIDTH - 8}" stroke="#e2e2dd"/>'
                yield f'<text x="{NAMES - 8}" y="{y + 4:.1f}" text-anchor="end">{metres} m</text>'
        x = [_x(float(t), duration_s) for t in read.times_s]
        band = [*zip(x, _y(read.high_m, top), strict=True)]
        band += reversed([*zip(x, _y(read.low_m, top), strict=True)])
        yield f'<path d="M{_path(band)}Z" fill="#4338a0" opacity="0.12"/>'
        line = _path(zip(x, _y(read.metres, top), strict=True))
        yield f'<path d="M{line}" fill="none" stroke="#4338a0" stroke-width="1.5"/>'


def _y(metres: Times, top: float) -> Times:
    return np.asarray(top + 8 + CURVE * (1 - np.clip(metres, 0, FARTHEST_M) / FARTHEST_M), np.float64)


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _times(duration_s: float, height: float) -> Iterator[str]:
    step_s = next((s for s in STEPS_S if duration_s / s <= TICKS), STEPS_S[-1])
    for number in range(int(duration_s / step_s) + 1):
        x = _x(number * step_s, duration_s)
        yield f'<path d="M{x:.1f} {TOP}V{height - 20}" stroke="#85857d" stroke-dasharray="1 4"/>'
        yield f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{clock(number * step_s)}</text>'


def _x(time_s: float, duration_s: float) -> float:
    return NAMES + (WIDTH - NAMES - 24) * min(1.0, time_s / duration_s)
