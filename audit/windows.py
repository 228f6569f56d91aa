"""The parts of a conversation that a rule looks at."""

from collections.abc import Iterator
from typing import NamedTuple

from audit.case import Absence, Case
from audit.interactions import Conversation, Role
from audit.quantities import Quantity
from audit.rules import During
from audit.signals import event_kinds, foreign
from audit.trace import traced
from models.observations import Span

MOMENT_S = 0.001
"""What has no length lasts so long."""


class Windows(NamedTuple):
    """The windows in order, or why there are none."""

    spans: tuple[Span, ...]
    lacking: Absence | None = None


@traced
def windows(during: During | None, by: Role, case: Case, inside: Span) -> Windows:
    """The windows of a `during` inside a part of the conversation; for an anchored one, one per occurrence.

    `by` is whose turns are counted where the `during` does not say.
    """
    if during is None:
        return Windows((inside,))
    if during.in_:
        kind = event_kinds().get(during.in_)
        whose = Role.ANYONE if kind and not kind.of_party else during.by
        outer = _lasting(during.in_, whose, by, case, inside)
        found = [_windows(during, by, case, one) for one in outer.spans]
        spans = tuple(span for one in found for span in one.spans)
        lacking = outer.lacking or next((one.lacking for one in found if one.lacking), None)
        return Windows(spans, None if spans else lacking)
    return _windows(during, by, case, inside)


def _windows(during: During, by: Role, case: Case, inside: Span) -> Windows:
    edge = during.first or during.last
    if edge:
        whose = by if during.by == Role.ANYONE else during.by
        spans = tuple(_edge(edge, during.first is not None, whose, case.conversation, inside))
        lacking = Absence(False, f"no words of the {whose} to look at")
        return Windows(spans, None if spans else lacking)
    if during.while_:
        return _lasting(during.while_, during.by, by, case, inside)
    if during.between:
        return _between(during, by, case, inside)
    anchors = _lasting((during.before or during.after) or "", during.by, by, case, inside)
    reach_s = during.within.value if during.within else float("inf")
    if during.before:
        return Windows(
            tuple(Span(max(inside.start_s, a.start_s - reach_s), a.start_s) for a in anchors.spans),
            anchors.lacking,
        )
    return Windows(
        tuple(Span(a.end_s, max(a.end_s, min(inside.end_s, a.end_s + reach_s))) for a in anchors.spans),
        anchors.lacking,
    )


def _lasting(name: str, by: Role, party: Role, case: Case, inside: Span) -> Windows:
    """When a phase, or a phrase or event by somebody, lasts; a phase counts the turns of the `party`.

    A phase is a part of the whole conversation: of it counts what lies inside.
    """
    if name in case.phases:
        whole = case.conversation.whole
        phase = windows(case.phases[name], party, case, whole)
        if inside == whole or not phase.spans:
            return phase
        lasts = tuple(one for span in phase.spans if (one := span & inside))
        outside = Absence(True, f"'{name}' lies outside of the part that is looked at", (), (inside,))
        return Windows(lasts, None if lasts else outside)
    if why := foreign(name, case.conversation.channel):
        return Windows((), Absence(True, why))
    spans = tuple(e.span for e in case.within(name, by, inside) if case.surely(e))
    if not spans:
        return Windows((), case.absence(name, by, inside))
    return Windows(tuple(_cut(span, inside) for span in spans))


def _cut(span: Span, inside: Span) -> Span:
    """The span where it lies in the part that is looked at; what has no length is a moment long."""
    start_s, end_s = max(span.start_s, inside.start_s), min(span.end_s, inside.end_s)
    return Span(start_s, end_s if end_s > start_s else start_s + MOMENT_S)


def _between(during: During, party: Role, case: Case, inside: Span) -> Windows:
    """From each end of the first anchor to the next beginning of the second; in between the first anchor
    opens no other window."""
    first, second = during.anchors
    opening, closing = (_lasting(name, during.by, party, case, inside) for name in (first, second))
    lacking = opening.lacking or closing.lacking
    if lacking:
        return Windows((), lacking)
    reach_s = during.within.value if during.within else float("inf")
    found: list[Span] = []
    ends = iter(closing.spans)
    end = next(ends, None)
    for one in opening.spans:
        if found and one.start_s < found[-1].end_s:
            continue
        while end and end.start_s < one.end_s:
            end = next(ends, None)
        if end is None:
            break
        found.append(Span(one.end_s, end.start_s))
    if not found:
        return Windows((), Absence(True, f"'{second}' never came after '{first}'", (), (inside,)))
    return Windows(tuple(Span(s.start_s, min(s.end_s, s.start_s + reach_s)) for s in found))


def _edge(
    amount: Quantity, first: bool, by: Role, conversation: Conversation, inside: Span
) -> Iterator[Span]:
    if amount.unit == "s":
        length_s = min(amount.value, inside.duration_s)
        yield (
            Span(inside.start_s, inside.start_s + length_s)
            if first
            else Span(inside.end_s - length_s, inside.end_s)
        )
        return
    turns = [t for t in _turns(by, conversation) if inside.start_s <= t.start_s < inside.end_s]
    if turns:
        edge = turns[: int(amount.value)] if first else turns[-int(amount.value) :]
        yield Span(inside.start_s, edge[-1].end_s) if first else Span(edge[0].start_s, inside.end_s)


def _turns(by: Role, conversation: Conversation) -> Iterator[Span]:
    """What a role said between two utterances of others, as one span each."""
    pending: Span | None = None
    for role, utterance in conversation.utterances:
        if by in (Role.ANYONE, role):
            end_s = max(utterance.span.end_s, utterance.span.start_s + MOMENT_S)
            pending = Span(pending.start_s if pending else utterance.span.start_s, end_s)
        elif pending:
            yield pending
            pending = None
    if pending:
        yield pending
