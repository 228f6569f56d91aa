"""What `comport rubric explain` is asked about: one interaction, by its name in the store or as a file."""

from pathlib import Path

from audit.arrivals import Rejected
from audit.intake import take_in
from audit.interactions import Interaction
from audit.rubric import Rubric, Standard
from audit.store import NotStored, Store
from audit.yamlfile import nearest
from models.errors import ComportError
from models.observations import Observations


class UnknownStandard(ComportError):
    """A standard that none of the rubrics has."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        return f"no standard '{self.name}'{nearest(self.name, list(self.known))}"


def subject(name: str, store: Store) -> tuple[Interaction, Observations]:
    """The interaction in a transcript or chat file, or the stored one with this id or title.

    Raises:
        NotStored: none or several are called so.
        Rejected: the file is no transcript or chat.
    """
    path = Path(name)
    if path.is_file():
        arrival = take_in(path)
        if arrival.observations is None:
            raise Rejected(name, None, "a recording: audit it first, then give its title or id")
        return arrival.interaction, arrival.observations
    interaction = store.interaction(name)
    return interaction, store.observations(interaction)


def judged_under(name: str, interaction: Interaction, store: Store) -> tuple[Rubric, Standard]:
    """The rubric under which the interaction was judged last that has a standard of this name.

    Raises:
        NotStored: it was never judged.
        UnknownStandard: no rubric it was judged under has the standard.
    """
    cards = store.scorecards(interaction.id)
    if not cards:
        raise NotStored("scorecard of", interaction.title, "name a rubric with --rubric")
    rubrics = [store.rubric(card.rubric_digest) for card in cards]
    return standard_in(name, rubrics)


def standard_in(name: str, rubrics: list[Rubric]) -> tuple[Rubric, Standard]:
    """The first rubric with a standard of this id or title.

    Raises:
        UnknownStandard: none has it.
    """
    for rubric in rubrics:
        for standard in rubric.standards:
            if standard.is_named(name):
                return rubric, standard
    raise UnknownStandard(name, tuple(s.id for rubric in rubrics for s in rubric.standards))
