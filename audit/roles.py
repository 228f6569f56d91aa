"""Who is the agent: from metadata, else from the rubric, else from who speaks the house's formulas."""

from audit.interactions import Conversation, Interaction, Role, Roles, Speakers
from audit.mouths import voices_of
from audit.person_roles import person_roles, together
from audit.rubric import Rubric
from models.observations import Observations, People


def converse(interaction: Interaction, observations: Observations, rubric: Rubric) -> Conversation:
    """The conversation as this rubric looks at it, with everybody's role filled in."""
    speakers = Speakers(interaction.channel, observations, rubric.finder)
    roles = assign_roles(interaction, speakers, rubric)
    if observations.people is not None:
        roles = _with_persons(interaction, observations, observations.people, roles, rubric)
    return Conversation(
        interaction.channel, observations, roles, speakers, rubric.appearance, rubric.too_close_m
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


def assign_roles(interaction: Interaction, speakers: Speakers, rubric: Rubric) -> Roles:
    """The role of each speaker label. Labels stay without a role when nothing tells them apart."""
    labels = [label for label in speakers.labels if label is not None]
    known = dict(interaction.roles)
    given = {label: known[label] for label in labels if label in known}
    rest = [label for label in labels if label not in given]
    if not labels:
        return Roles((), "one sound channel and nobody named: who spoke is unknown", 0.0)
    if not rest:
        return Roles(tuple(given.items()), "who is who was given with it", 1.0)
    if Role.AGENT in given.values():
        given |= dict.fromkeys(rest, Role.CUSTOMER)
        return Roles(tuple(given.items()), "the agent was given with it, the others are customers", 1.0)
    fixed = f"channel-{rubric.agent_channel}"
    if rubric.agent_channel is not None and fixed in rest:
        given |= {label: Role.AGENT if label == fixed else Role.CUSTOMER for label in rest}
        return Roles(tuple(given.items()), f"the rubric says that {_shown(fixed)} is the agent", 1.0)
    return _by_formulas(given, rest, speakers, rubric)


LEAD = 2
"""So many formulas more must the agent say than anybody else: one alone ("hello") proves nothing."""


def _by_formulas(given: dict[str, Role], rest: list[str], speakers: Speakers, rubric: Rubric) -> Roles:
    formulas = {
        phrase for s in rubric.standards if s.say and s.party == Role.AGENT for phrase in s.say.phrases
    }
    counts = {label: len(formulas & speakers.said(label).keys()) for label in rest}
    best, *others = sorted(rest, key=lambda label: -counts[label])
    second = max((counts[label] for label in others), default=0)
    told = " against ".join(f"{counts[label]} by {_shown(label)}" for label in (best, *others))
    if counts[best] - second < LEAD:
        return Roles(tuple(given.items()), f"who is the agent is unknown: formulas said {told}", 0.0)
    roles = given | {label: Role.AGENT if label == best else Role.CUSTOMER for label in rest}
    confidence = round((counts[best] - second) / (counts[best] + 1), 3)
    return Roles(tuple(roles.items()), f"{_shown(best)} is the agent: formulas said {told}", confidence)


def _shown(label: str) -> str:
    names = {"channel-0": "the left channel", "channel-1": "the right channel"}
    return names.get(label, f"'{label}'")


def applies(rubric: Rubric, interaction: Interaction) -> bool:
    """Whether the rubric is meant for this channel and language (an unknown one is taken for its own)."""
    return interaction.channel in rubric.applies_to and interaction.language in (None, rubric.language)
