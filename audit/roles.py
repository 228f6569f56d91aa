"""Who is the agent: from metadata, else from the rubric, else from how each speaks: the house's formulas,
whose things are spoken of, who begins."""

import math
from collections import Counter

from audit.interactions import Conversation, Interaction, Role, Roles
from audit.mouths import voices_of
from audit.person_roles import person_roles, together
from audit.rubric import Rubric
from audit.signals.daytime import began_s
from audit.speakers import Speakers
from models.language import tokens, tokens_of
from models.observations import Observations, People
from models.speakers import MOST_VOICES


def converse(interaction: Interaction, observations: Observations, rubric: Rubric) -> Conversation:
    """The conversation as this rubric looks at it, with everybody's role filled in."""
    speakers = Speakers(interaction.channel, observations, rubric.finder, rubric.confidence)
    roles = assign_roles(interaction, speakers, rubric)
    if observations.people is not None:
        roles = _with_persons(interaction, observations, observations.people, roles, rubric)
    return Conversation(
        interaction.channel,
        observations,
        roles,
        speakers,
        rubric.appearance,
        rubric.too_close_m,
        began_s=began_s(interaction),
        lookbook=rubric.lookbook,
    )


def _with_persons(
    interaction: Interaction, observations: Observations, people: People, voices: Roles, rubric: Rubric
) -> Roles:
    """The roles of voices and of people in the picture: what is known of one tells of the other."""
    activity = observations.activity or ()
    joined = voices_of(people, activity)
    known = dict(voices.of)
    spoken = {label: (known[voice], sure) for label, (voice, sure) in joined.items() if voice in known}
    persons = person_roles(people, dict(interaction.roles), rubric.appearance, spoken)
    if not (activity or observations.utterances):
        return persons
    seen = dict(persons.of)
    heard = {
        voice: (seen[label], min(sure, persons.confidence))
        for label, (voice, sure) in joined.items()
        if voice not in known and label in seen
    }
    if heard:
        of = (*voices.of, *((voice, role) for voice, (role, _) in heard.items()))
        told = "who speaks is told by whose mouth moves"
        voices = Roles(of, told, min(sure for _, sure in heard.values()))
    return together(voices, persons)


UNTOLD = "one sound channel and nobody named: who spoke is unknown (comport weights fetch speaker_encoder)"


def assign_roles(interaction: Interaction, speakers: Speakers, rubric: Rubric) -> Roles:
    """The role of each speaker label. Labels stay without a role when nothing tells them apart."""
    labels = [label for label in speakers.labels if label is not None]
    known = dict(interaction.roles)
    given = {label: known[label] for label in labels if label in known}
    rest = [label for label in labels if label not in given]
    if not labels:
        words = any(speakers.track(label).spans for label in speakers.labels)
        return Roles((), UNTOLD if words else "nobody says a word: who is the agent is unknown", 0.0)
    if not rest:
        return Roles(tuple(given.items()), "who is who was given with it", 1.0)
    if Role.AGENT in given.values():
        given |= dict.fromkeys(rest, Role.CUSTOMER)
        return Roles(tuple(given.items()), "the agent was given with it, the others are customers", 1.0)
    fixed = f"channel-{rubric.agent_channel}"
    if rubric.agent_channel is not None and fixed in rest:
        given |= {label: Role.AGENT if label == fixed else Role.CUSTOMER for label in rest}
        return Roles(tuple(given.items()), f"the rubric says that {_shown(fixed)} is the agent", 1.0)
    return _by_formulas(given, rest, speakers, rubric, interaction.agent)


LONG = 3
"""Words of a formula that tells: "please" and "good morning" are said by customers as often."""

FORMULA, POSSESSIVE, PERSON, FIRST, NAME = 2.5, 1.5, 0.5, 0.7, 2.0
"""How much each formula said (up to 3), each "your" more than "my" (up to 3), each "you" more than "I" (up to
10) speaks for the agent, in natural logarithms of odds: rounded from a fit on every second of 507 real calls
(BT Oasis). Our choice, not fitted: speaking first (two to one), saying the agent's name first (seven to
one)."""

SURE = 0.8
"""Nobody is the agent below this probability. Of the calls that were not fitted 67 % reach it, 89 % of those
are right; 58 % reach 0.9, 93 % of those right. They begin after the agent's greeting, so that speaking first
misleads in most; without it 75 % and 94 %, 60 % and 98 %."""

YOURS: dict[str, frozenset[str]] = {
    "en": frozenset({"your", "yours"}),
    "it": frozenset({"suo", "sua", "suoi", "sue", "vostro", "vostra", "vostri", "vostre", "tuo", "tua"}),
}
MINE: dict[str, frozenset[str]] = {
    "en": frozenset({"my", "mine"}),
    "it": frozenset({"mio", "mia", "miei", "mie"}),
}
YOU: dict[str, frozenset[str]] = {
    "en": frozenset({"you"}) | YOURS["en"],
    "it": frozenset({"lei", "voi", "vi", "ti", "te"}) | YOURS["it"],
    "fa": frozenset({"شما", "خدمتتان", "براتان"}),
}
ME: dict[str, frozenset[str]] = {
    "en": frozenset({"i"}),
    "it": frozenset({"io", "me"}),
    "fa": frozenset({"من", "خودم", "برام"}),
}
"""Agents speak of the customer's things, customers of their own. Measured for English only. Not counted:
"le", mostly the article ("le bollette"), and "mi", which agents say as often ("mi dica", "mi conferma")."""


def _by_formulas(
    given: dict[str, Role], rest: list[str], speakers: Speakers, rubric: Rubric, agent: str | None
) -> Roles:
    formulas = {
        phrase for s in rubric.standards if s.say and s.party == Role.AGENT for phrase in s.say.phrases
    }
    counts = {label: _long_formulas(speakers, label, formulas) for label in rest}
    odds = {label: FORMULA * min(counts[label], 3) for label in rest}
    for label in rest:
        odds[label] += _address(speakers, label, rubric.language)
    # Who speaks alone speaks first, whoever it is.
    alone = len(rest) == 1 and not given
    first = None if alone else _first(speakers, rest)
    named = _says_first(agent, speakers, rest, rubric)
    for who, weight in ((first, FIRST), (named, NAME)):
        if who is not None:
            odds[who] += weight
    best, *others = sorted(rest, key=lambda label: -odds[label])
    too = {label for label in others if _agent_too(odds[label], counts[label], odds)}
    # Beside nobody else in the record stands somebody of whom nothing is known.
    against = [odds[label] for label in others if label not in too] or [0.0]
    probability = 1 / sum(math.exp(other - odds[best]) for other in (odds[best], *against))
    probability = speakers.sure * probability + (1 - speakers.sure) / (1 + len(against))
    told = " against ".join(f"{counts[label]} by {_shown(label)}" for label in (best, *others))
    how = f"formulas said {told}; who speaks first and says you and your counts too"
    if alone:
        how = f"nobody else is in it; formulas said {told}"
    # "Your colleague" is what customers write, too: with nobody to compare with it tells of nobody.
    if probability < SURE or (alone and not counts[best] and named is None):
        return Roles(tuple(given.items()), f"who is the agent is unknown: {how}", 0.0)
    roles = given | {label: Role.AGENT if label == best or label in too else Role.CUSTOMER for label in rest}
    return Roles(tuple(roles.items()), f"{_shown(best)} is the agent: {how}", round(probability, 3))


def _long_formulas(speakers: Speakers, label: str, formulas: set[str]) -> int:
    said = speakers.said(label)
    return sum(any(len(e.text.split()) >= LONG for e in said.get(phrase, ())) for phrase in formulas)


def _address(speakers: Speakers, label: str, language: str) -> float:
    forms = Counter(speakers.forms(label))

    def more(some: dict[str, frozenset[str]], than: dict[str, frozenset[str]], most: int) -> int:
        one, other = (sum(forms[w] for w in words.get(language, ())) for words in (some, than))
        return max(-most, min(most, one - other))

    return POSSESSIVE * more(YOURS, MINE, 3) + PERSON * more(YOU, ME, 10)


def _first(speakers: Speakers, rest: list[str]) -> str | None:
    """Who speaks first."""
    begun = {label: spans[0].start_s for label in rest if (spans := speakers.track(label).spans)}
    return min(begun, key=lambda label: begun[label], default=None)


def _says_first(agent: str | None, speakers: Speakers, rest: list[str], rubric: Rubric) -> str | None:
    """Who says the agent's given name first: the agent does, to introduce themselves."""
    name = tokens_of((agent or "").partition(" ")[0], rubric.language)
    if not name:
        return None
    said: dict[str, float] = {}
    for label in rest:
        track = speakers.track(label)
        for text, where in zip(track.texts, track.spans, strict=True):
            if tokens(text, rubric.language)[-1:] == name[:1]:
                said[label] = where.start_s
                break
    return min(said, key=lambda label: said[label], default=None)


HANDED_OVER = 2
"""So many formulas make a third speaker an agent too: a call that was handed over."""


def _agent_too(odds: float, formulas: int, all_odds: dict[str, float]) -> bool:
    return len(all_odds) > 2 and formulas >= HANDED_OVER and odds - min(all_odds.values()) >= FORMULA


def _shown(label: str) -> str:
    names = {"channel-0": "the left channel", "channel-1": "the right channel"}
    names |= {f"speaker-{n}": f"voice {n + 1}" for n in range(MOST_VOICES)}
    return names.get(label, f"'{label}'")


def applies(rubric: Rubric, interaction: Interaction) -> bool:
    """Whether the rubric is meant for this channel and language (an unknown one is taken for its own)."""
    return interaction.channel in rubric.applies_to and interaction.language in (None, rubric.language)
