"""One conversation on one channel: what is known about it, and who in it is who."""

from collections.abc import Callable, Mapping
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from audit.asking import REACH, Said, asks_to_repeat
from audit.events import SURE as SURE  # noqa: PLC0414
from audit.events import Channel as Channel  # noqa: PLC0414  what happens is read together with where
from audit.events import Event as Event  # noqa: PLC0414
from audit.events import Role as Role  # noqa: PLC0414
from audit.heard import Heard
from audit.lookbook import Lookbook
from audit.palette import Palette
from audit.speakers import MESSAGE_S, Speakers, is_recognised
from audit.trace import traced
from models.geometry import Distance
from models.observations import UNDETERMINED, Activity, Observations, PersonTrack, Span, Utterance, union
from models.phrases import Phrases


class Party(msgspec.Struct, frozen=True):
    """Somebody in an interaction, as far as its source names them.

    `label` is the speaker label of what they say; `phone` is E.164 where it could be told; `crm` and
    `employee` are the ids that other systems know them by.
    """

    role: Role | None
    name: str = ""
    label: str | None = None
    email: str = ""
    phone: str = ""
    crm: str = ""
    employee: str = ""


class Interaction(msgspec.Struct, frozen=True):
    """Facts about one interaction that are not in its sound: they come from metadata, never guessed.

    `id` is the SHA-256 of what came in, so that a renamed copy is the same interaction.
    """

    id: str
    channel: Channel
    title: str
    path: str
    recording: str
    """Id of the recording or transcript."""
    started_at: str | None = None
    """ISO 8601 with offset, None when nobody said."""
    agent: str | None = None
    customer: str | None = None
    branch: str | None = None
    language: str | None = None
    roles: tuple[tuple[str, Role], ...] = ()
    """What is known of the speaker labels of its observations."""
    team: str | None = None
    time_zone: str | None = None
    """IANA name of the zone that the branch lives in."""
    parties: tuple[Party, ...] = ()
    source: str = ""
    """The format that it came in."""
    source_id: str = ""
    """Its id in the system that it came from."""


class Roles(msgspec.Struct, frozen=True):
    """Which speaker label is which role; `how` tells people, `confidence` is 0..1."""

    of: tuple[tuple[str, Role], ...]
    how: str
    confidence: float


class Conversation:
    """Observations of one interaction with everybody's role filled in: what standards look at."""

    def __init__(
        self,
        channel: Channel,
        observations: Observations,
        roles: Roles,
        speakers: Speakers,
        palette: Palette | None = None,
        too_close_m: float | None = None,
        acted: tuple[Event, ...] | None = None,
        began_s: float | None = None,
        lookbook: Lookbook | None = None,
    ) -> None:
        self.channel = channel
        self.began_s = began_s
        """The local time of day at its beginning, in seconds since midnight; None where nobody knows it."""
        self.acted = acted
        """What an example says was seen, and all of it; None where somebody has to look."""
        self.palette = palette
        self.lookbook = lookbook
        self.too_close_m = too_close_m
        self.observations = observations
        self.roles = roles
        self.duration_s = observations.recording.duration_s
        self.missing: Mapping[str, str] = dict(observations.missing)
        self._speakers = speakers
        self._stretches: dict[Role, list[tuple[float, float, float]]] = {}
        self._role: dict[str | None, Role] = dict(roles.of)

    @property
    def whole(self) -> Span:
        return Span(0.0, self.duration_s)

    @cached_property
    def language(self) -> str:
        """The language of the words; one that nobody named is taken for the rubric's."""
        named = next((u.language for _, u in self.utterances if u.language != UNDETERMINED), None)
        return named or self._speakers.language

    @cached_property
    def recognised(self) -> bool:
        """Whether the words come from a recogniser, which can be wrong, and not from a person's text."""
        return is_recognised(self.observations)

    def role_of(self, speaker: str | None) -> Role | None:
        """The role of a speaker label, None where nobody knows."""
        return self._role.get(speaker)

    @cached_property
    def utterances(self) -> tuple[tuple[Role | None, Utterance], ...]:
        """(role, utterance) in order of time; empty when nothing was transcribed."""
        return tuple((self._role.get(u.speaker), u) for u in self.observations.utterances or ())

    @cached_property
    def activity(self) -> tuple[tuple[Role | None, Activity], ...]:
        """(role, when that role speaks); empty when there is no sound."""
        return tuple((self._role.get(a.speaker), a) for a in self.observations.activity or ())

    @cached_property
    def persons(self) -> tuple[tuple[Role | None, PersonTrack], ...]:
        """(role, where and how somebody was seen), in order of first appearance; empty when nobody looked."""
        people = self.observations.people
        return tuple((self._role.get(track.label), track) for track in people.tracks) if people else ()

    @cached_property
    def _speech(self) -> dict[Role | None, tuple[Span, ...]]:
        return {}

    def speech(self, role: Role | None) -> tuple[Span, ...]:
        """When this role speaks, in order; None for speech of nobody knows whom, `ANYONE` for everybody's."""
        if role not in self._speech:
            spans = sorted(
                s for who, active in self.activity if role in (Role.ANYONE, who) for s in active.spans
            )
            self._speech[role] = union(spans)
        return self._speech[role]

    def stretches(self, by: Role) -> list[tuple[float, float, float]]:
        """When there is speech that may be the role's, role by role: from when to when, and when the first
        word begins that ends after it began."""
        if by not in self._stretches:
            roles = dict.fromkeys(r for r, _ in self.activity if by == Role.ANYONE or r in (by, None))
            spans = [s for role in roles for s in self.speech(role)]
            next_s = self.heard(by).next_s
            self._stretches[by] = [(s.start_s, s.end_s, next_s(s.start_s)) for s in spans]
        return self._stretches[by]

    @cached_property
    def deaf(self) -> dict[tuple[Role, Span, float], str]:
        """What `audit.doubt.deaf` has said so far of a role in a window."""
        return {}

    @cached_property
    def unknown_speech_s(self) -> float:
        """Seconds of speech of which nobody knows who spoke."""
        return sum(s.duration_s for s in self.speech(None))

    def heard(self, role: Role) -> Heard:
        """The words that may be the role's (its own and those of unknown speakers) as arrays, in order."""
        if role not in self._heard:
            whose, words = self._words
            mine = [role == Role.ANYONE or who in (role, None) for who, _ in self.utterances]
            starts_s, ends_s, probabilities = words[:, np.array(mine, bool)[whose]]
            self._heard[role] = Heard(starts_s.tolist(), ends_s.tolist(), probabilities)
        return self._heard[role]

    @cached_property
    def _heard(self) -> dict[Role, Heard]:
        return {}

    @cached_property
    def _words(self) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Of all words in order the number of the utterance, and `(3, n)`: starts, ends, probabilities."""
        words = [word for _, utterance in self.utterances for word in utterance.words]
        spans = [word.span for word in words]
        columns = [[s.start_s for s in spans], [s.end_s for s in spans], [w.probability for w in words]]
        whose = np.repeat(np.arange(len(self.utterances)), [len(u.words) for _, u in self.utterances])
        table = np.array(columns, float)
        if (table[0, 1:] > table[0, :-1]).all():
            return whose, table
        order = np.lexsort(table[::-1])
        return whose[order], table[:, order]

    @cached_property
    def poor(self) -> dict[Role, str]:
        """What `audit.voices.poor` has said so far of each role."""
        return {}

    @cached_property
    def apart(self) -> dict[tuple[str, str], Distance]:
        """The distances of people, by their labels, that were worked out so far."""
        return {}

    @traced
    def said(self, phrase: str, role: Role | None) -> tuple[Event, ...]:
        """Where a role says a phrase of the rubric; None: an unknown speaker, `ANYONE`: everybody."""
        found = self._of_voices(self._speakers.said, phrase, role)
        if phrase not in self.phrases.regrets:
            return found
        return tuple(e for e in found if not self._asks_to_repeat(e, found))

    def _asks_to_repeat(self, event: Event, found: tuple[Event, ...]) -> bool:
        """Whether a regret, one of those found, is a "sorry?" that only asks to say something again."""
        lines = self.utterances
        at = next((n for n, (role, u) in enumerate(lines) if role == event.role and _holds(u, event)), None)
        if at is None:
            return False
        line = lines[at][1]
        before = [e for e in found if e.role == event.role and e.span.start_s < event.span.start_s]
        earlier = sum(e.text == event.text and _holds(line, e) for e in before)
        said = [Said(str(role), u.text) for role, u in lines[max(0, at - REACH) : at + 2]]
        if line.text.count(event.text) <= earlier:
            return False
        return asks_to_repeat(event.text, said, min(at, REACH), self.phrases.language, earlier)

    def negated(self, phrase: str, role: Role | None) -> tuple[Event, ...]:
        """Where a role says a phrase of what is not: "I can't promise"."""
        return self._of_voices(self._speakers.negated, phrase, role)

    def _of_voices(
        self,
        events: Callable[[str | None], Mapping[str, tuple[Event, ...]]],
        phrase: str,
        role: Role | None,
    ) -> tuple[Event, ...]:
        found = [
            msgspec.structs.replace(event, role=self._role.get(speaker))
            for speaker in self._voices(role)
            for event in events(speaker).get(phrase, ())
        ]
        return tuple(sorted(found, key=lambda e: e.span))

    @traced
    def near(self, phrase: str, role: Role | None, window: Span, misheard: bool = True) -> tuple[Event, ...]:
        """Words of a role like a phrase that it was not found to say, begun in a window, the likest of each
        speaker first. Not `misheard`: only words that may mean it."""
        voices = self._voices(role)
        near = (e for speaker in voices for e in self._speakers.near(phrase, speaker, window, misheard))
        return tuple(msgspec.structs.replace(e, role=role) for e in near)

    @property
    def phrases(self) -> Phrases:
        """What finds the phrases of the rubric."""
        return self._speakers.phrases

    def _voices(self, role: Role | None) -> list[str | None]:
        return [s for s in self._speakers.labels if role in (Role.ANYONE, self._role.get(s))]


def clock(time_s: float) -> str:
    """A time as people read it on a player: `1:07` or `1:02:05`."""
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _holds(utterance: Utterance, event: Event) -> bool:
    """Whether the words of an event were said within an utterance."""
    start_s, end_s = utterance.span.start_s, utterance.span.end_s
    inside = start_s <= event.span.start_s and event.span.end_s <= max(end_s, start_s + MESSAGE_S)
    return inside and event.text in utterance.text
