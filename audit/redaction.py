"""What has to go: card data from sound that is played, personal data too from what leaves the house."""

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from audit.interactions import Interaction, Role
from audit.personal import personal_data
from audit.pictures import blur, present
from audit.speakers import is_recognised
from models.carddata import find as find_secrets
from models.frames import Frame
from models.muting import Paint
from models.observations import Observations, People, Recording, Span, Utterance, Word, span, union
from models.spoken_digits import normal

MARGIN_S = 0.5
"""Sound is silent from so long before the first word to so long after the last. PocketSphinx heard 99 % of
the passages of the samples begin at most 0.17 s late and end at most 0.06 s early (`bench/word_times.py`);
Whisper places words less exactly (Bain et al. 2023, WhisperX)."""

KEYED, KEYS_APART_S = 3, 4.0
"""So many keys pressed with less between two than this are a number, the shortest a security code: the digits
could be told by their tones. One key alone answers a menu. Our choice."""

NAME = "name"
"""What the names of customers, known from the facts, are called among what was removed."""

SHORTEST_NAME = 3
"""Letters of the shortest part of a name that is sought: "Li" and "de" are words, too. Our choice."""


class Gone(msgspec.Struct, frozen=True):
    """Something that was removed: `kind` tells what ("card number", "email", "face"), `where` from which of
    `text`, `sound` and `picture`; in a written conversation the span is a moment."""

    span: Span
    kind: str
    where: str
    speaker: str | None = None


def secrets(observations: Observations) -> tuple[Gone, ...]:
    """The stretches of sound in which somebody says or keys in card data or a secret, with their margins."""
    found = []
    for one in observations.cut:
        where = one.span
        if not is_recognised(observations):
            # A transcript of another system may have times for whole passages only: all of it goes.
            where = _utterance(observations, one.span, one.speaker)
        found.append(
            Gone(
                _with_margin(where, observations.recording), one.kind.replace("_", " "), "sound", one.speaker
            )
        )
    for keys in (levels.keys for levels in observations.levels or ()):
        for run in _runs(keys):
            found.append(Gone(_with_margin(run, observations.recording), "number keyed in", "sound"))
    return tuple(sorted(found, key=lambda gone: gone.span))


def _utterance(observations: Observations, where: Span, speaker: str | None) -> Span:
    return next(
        (u.span for u in observations.utterances or () if u.speaker == speaker and u.span & where), where
    )


def _runs(keys: Iterable[Span]) -> Iterator[Span]:
    run: list[Span] = []
    for key in (*keys, None):
        if key is not None and (not run or key.start_s - run[-1].end_s < KEYS_APART_S):
            run.append(key)
            continue
        if len(run) >= KEYED:
            yield Span(run[0].start_s, run[-1].end_s)
        run = [key] if key is not None else []


def _with_margin(where: Span, recording: Recording) -> Span:
    return span(max(0.0, where.start_s - MARGIN_S), where.end_s + MARGIN_S)


def silences(gone: Iterable[Gone]) -> tuple[Span, ...]:
    """When there has to be silence, in order and without touching."""
    return union(sorted(one.span for one in gone if one.where == "sound"))


def personal(
    observations: Observations, interaction: Interaction
) -> tuple[tuple[Utterance, ...], tuple[Gone, ...]]:
    """The utterances with marks for personal data and names of customers, and what was removed of text and
    sound; what was cut out of the words before is among it.
    """
    names = names_of(interaction)
    said, gone = [], [Gone(c.span, c.kind.replace("_", " "), "text", c.speaker) for c in observations.cut]
    for utterance in observations.utterances or ():
        parts = _parts(utterance, names)
        words = list(utterance.words)
        for start, end, kind in reversed(parts):
            where = Span(words[start].span.start_s, words[end - 1].span.end_s)
            gone.append(Gone(where, kind, "text", utterance.speaker))
            if where:
                heard = where if is_recognised(observations) else utterance.span
                gone.append(
                    Gone(_with_margin(heard, observations.recording), kind, "sound", utterance.speaker)
                )
            words[start:end] = [Word(where, f"[{kind}]", 1.0)]
        text = " ".join(word.text for word in words)
        said.append(msgspec.structs.replace(utterance, words=tuple(words), text=text) if parts else utterance)
    return tuple(said), tuple(sorted(gone, key=lambda one: one.span))


def _parts(utterance: Utterance, names: Collection[str]) -> list[tuple[int, int, str]]:
    """What has to go of an utterance, in order: (first word, word after the last, kind)."""
    parts = [(one.start, one.end, one.kind) for one in personal_data(utterance)]
    taken = {i for start, end, _ in parts for i in range(start, end)}
    for i, word in enumerate(utterance.words):
        if i not in taken and _bare(word.text) in names:
            parts.append((i, i + 1, NAME))
    return sorted(parts)


def clean(text: str, language: str, names: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """A text with marks for card data, personal data and these names, and the kinds of what went.

    `names` are as `names_of` gives them. All the rest stays as it is, spaces and lines too.
    """
    words = list(re.finditer(r"\S+", text))
    if not words:
        return text, ()
    whole = Span(0.0, float(len(words)))
    said = tuple(Word(Span(float(i), i + 1.0), w[0], 1.0) for i, w in enumerate(words))
    utterance = Utterance(whole, None, language, text, said)
    hits = [(start, end, hit.kind) for hit in find_secrets([utterance]) for _, start, end in hit.words]
    secret = [(start, end, kind.replace("_", " ")) for start, end, kind in hits]
    covered = {i for start, end, _ in secret for i in range(start, end)}
    parts = [p for p in _parts(utterance, names) if covered.isdisjoint(range(p[0], p[1]))]
    done = text
    gone = sorted((*secret, *parts))
    for start, end, kind in reversed(gone):
        done = f"{done[: words[start].start()]}[{kind}]{done[words[end - 1].end() :]}"
    return done, tuple(kind for _, _, kind in gone)


def _bare(text: str) -> str:
    """A word in small letters without marks and without the English possessive."""
    return normal(text).removesuffix("'s")


def names_of(interaction: Interaction, *more: str) -> frozenset[str]:
    """The parts of the customers' names, as far as facts tell them, and of `more` names, in small letters."""
    named = [interaction.customer or "", *(p.name for p in interaction.parties if p.role == Role.CUSTOMER)]
    named += more
    parts = (_bare(part) for name in named for part in name.split())
    return frozenset(part for part in parts if len(part) >= SHORTEST_NAME)


def faces(people: People, kept: Collection[str]) -> tuple[Paint, tuple[Gone, ...]]:
    """What blurs the heads of all people but those of the tracks `kept`, and who was blurred when."""
    shown = frozenset(kept)

    def paint(frame: Frame) -> None:
        there = [found for found in present(people, frame.time_s) if found[0].label not in shown]
        blur(frame.picture, there, frame.scale)

    gone = (
        Gone(span(track.times_s[0], track.times_s[-1]), "face", "picture", track.label)
        for track in people.tracks
        if track.label not in shown and len(track.times_s)
    )
    return paint, tuple(sorted(gone, key=lambda one: one.span))
