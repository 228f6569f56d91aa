"""Rubrics with their standards: why each was chosen, what it is for, how it is done best, and its rule."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from audit import tables as t
from audit.rubric import Standard
from audit.store import Store
from web.api.operations import Many, Operation, each


class Version(msgspec.Struct, frozen=True):
    """A stored version of a rubric."""

    rubric: str
    version: int
    digest: str
    title: str
    added_at: datetime


class StandardText(msgspec.Struct, frozen=True):
    """A standard; `written` is all of it as the rubric says it (see `comport rubric schema`)."""

    id: str
    rubric: str
    section: str
    title: str
    why: str
    purpose: str
    how: str
    weight: float
    written: dict[str, Any]


class SectionText(msgspec.Struct, frozen=True):
    """Standards that are scored together."""

    id: str
    title: str
    weight: float
    standards: tuple[StandardText, ...]


class RubricText(msgspec.Struct, frozen=True):
    """One version of a rubric."""

    rubric: str
    version: int
    digest: str
    title: str
    language: str
    applies_to: tuple[str, ...]
    overlays: tuple[str, ...]
    sections: tuple[SectionText, ...]


def rubrics(store: Store) -> Many[Version]:
    row = t.rubric.c
    query = select(row.name, row.version, row.digest, row.title, row.added_at)
    with store.reading() as connection:
        found = connection.execute(query.order_by(row.name, row.version, row.added_at)).all()
    return each(Version(*one) for one in found)


def rubric(store: Store, digest: str) -> RubricText:
    found = store.rubric(digest)
    sections = tuple(
        SectionText(
            one.id,
            one.title,
            one.weight,
            tuple(_standard(found.rubric, one.id, standard) for standard in one.standards),
        )
        for one in found.sections
    )
    return RubricText(
        found.rubric,
        found.version,
        found.digest,
        found.title,
        found.language,
        tuple(found.applies_to),
        tuple(found.overlays),
        sections,
    )


def standards(store: Store) -> Many[StandardText]:
    """Those of each rubric as it was added last."""
    newest = {one.rubric: one.digest for one in sorted(rubrics(store).items, key=lambda one: one.added_at)}
    return each(
        standard
        for digest in newest.values()
        for section in rubric(store, digest).sections
        for standard in section.standards
    )


def _standard(rubric: str, section: str, one: Standard) -> StandardText:
    written = one.model_dump(mode="json", exclude_defaults=True)
    told = (one.title, one.why, one.purpose, one.how)
    return StandardText(one.id, rubric, section, *told, one.weight, written)


OPERATIONS = (
    Operation("GET", "/rubrics", rubrics, "Every stored version of every rubric", Many[Version]),
    Operation("GET", "/rubrics/<digest>", rubric, "One version of a rubric", RubricText),
    Operation("GET", "/standards", standards, "The standards of every rubric", Many[StandardText]),
)
