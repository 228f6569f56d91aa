"""The scorecard of one interaction under one rubric version: what is stored, shown and sent out."""

import importlib.metadata

import msgspec

from audit.interactions import Conversation, Interaction, Roles
from audit.judge import Finding, judge
from audit.roles import converse
from audit.rubric import Applied, Rubric
from audit.score import Score, add_up, show_awaited
from models.observations import Observations, Provenance, spoken_language

SOFTWARE = importlib.metadata.version("comport")


LEAST_ASSESSED = 0.5
"""A score over less than half of what applied is shown with a warning: our choice."""

SURE_OF_ROLES = 0.9
"""Below this probability the scorecard warns that agent and customer may be swapped: 7 of 100 calls that are
above it were wrong (`audit.roles.SURE`)."""


PERCEIVED = {
    "activity": "who speaks when",
    "utterances": "words",
    "levels": "levels of the sound",
    "people": "people in the picture",
    "looks": "what people wear",
}
"""What each need is called in a caveat."""


class Scorecard(msgspec.Struct, frozen=True):
    """All findings with the sum that made the score, who is who, and what perceived it."""

    interaction: str
    rubric: str
    rubric_version: int
    rubric_digest: str
    rubric_title: str
    observations_digest: str
    software: str
    roles: Roles
    findings: tuple[Finding, ...]
    score: Score
    caveats: tuple[str, ...]
    """Sentences that everybody who reads the score has to see."""
    provenance: tuple[Provenance, ...]
    """Who perceived it, and under `meanings` which sentence encoder heard phrases in other words."""
    overlays: tuple[Applied, ...] = ()
    """What overlays did to the rubric, in the order of their weight: law, sector, culture."""


def look_at(interaction: Interaction, observations: Observations, rubric: Rubric) -> Conversation:
    """The conversation that the rubric's standards are judged on, with what they need and nobody perceived.

    What the rubric does not look at cannot be missed by it; words in another language are no words to it.
    """
    missing = tuple(m for m in observations.missing if m[0] in rubric.needs)
    language = spoken_language(observations)
    if language not in (None, rubric.language) and "utterances" in rubric.needs:
        reason = f"the recording is in '{language}', the rubric in '{rubric.language}'"
        missing = (*missing, ("utterances", reason))
        observations = msgspec.structs.replace(observations, utterances=None)
    observations = msgspec.structs.replace(observations, missing=missing)
    return converse(interaction, observations, rubric)


def awaited_caveat(score: Score) -> tuple[str, ...]:
    """The caveat of a score that awaits a person, empty for another one."""
    awaited = show_awaited(score)
    return (f"{awaited[0].upper()}{awaited[1:]}.",) if awaited else ()


def make_scorecard(interaction: Interaction, observations: Observations, rubric: Rubric) -> Scorecard:
    """The scorecard; the same observations and rubric always give the same bytes."""
    conversation = look_at(interaction, observations, rubric)
    observations = conversation.observations
    findings = judge(rubric, conversation)
    caveats = dict.fromkeys(p.caveat for p in observations.provenance if p.caveat)
    if observations.recording.caveat:
        caveats[observations.recording.caveat] = None
    if observations.people is not None and observations.people.caveat:
        caveats[observations.people.caveat] = None
    for reason in dict.fromkeys(reason for _, reason in observations.missing):
        needs = ", ".join(PERCEIVED[need] for need, why in observations.missing if why == reason)
        caveats[f"Not perceived: {needs} ({reason})."] = None
    if observations.removed:
        removed_s = sum(words.span.duration_s for words in observations.removed)
        told = f"{len(observations.removed)} passages, {removed_s:.0f} s"
        caveats[f"The recogniser made up words that were taken out ({told})."] = None
    score = add_up(rubric, findings)
    if score.score is not None and score.assessed_share < LEAST_ASSESSED:
        share = f"{100 * score.assessed_share:.0f} %"
        caveats[f"Only {share} of the weight that applied could be judged: the score says little."] = None
    for one in rubric.applied:
        if one.effect in ("coaching", "forbids", "scored"):
            caveats[f"{one.overlay}: {one.text}."] = None
    caveats |= dict.fromkeys(awaited_caveat(score))
    roles = conversation.roles
    if roles.of and roles.confidence < SURE_OF_ROLES:
        share = f"{100 * roles.confidence:.0f} %"
        caveats[f"Who is who is only {share} sure: agent and customer may be swapped."] = None
    if not roles.of:
        caveats[f"{roles.how[0].upper()}{roles.how[1:]}."] = None
    return Scorecard(
        interaction.id,
        rubric.rubric,
        rubric.version,
        rubric.digest,
        rubric.title,
        observations.digest,
        SOFTWARE,
        roles,
        findings,
        score,
        tuple(caveats),
        (*observations.provenance, *filter(None, [conversation.phrases.meanings])),
        rubric.applied,
    )
