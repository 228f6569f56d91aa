"""Rubrics by any name they have: a file, a pack, or a version that the store keeps."""

from sqlalchemy import select

from audit import tables as t
from audit.pipeline import find_rubric
from audit.rubric import Rubric
from audit.store import NotStored, Store


def rubric_called(name: str, store: Store) -> Rubric:
    """The rubric in a file, the pack, or the stored version `name@version` (`name@` is the newest stored).

    Of several contents stored under one version number the last stored is given.

    Raises:
        NotStored: the store has no such version.
        UnknownRubric, BadFile: no such file or pack, or it has problems.
    """
    own, at, version = name.partition("@")
    if not at or "/" in name:
        return find_rubric(name)
    found = stored_versions(own, store)
    for digest, number in found:
        if version in ("", str(number)):
            return store.rubric(digest)
    known = ", ".join(dict.fromkeys(str(number) for _, number in found))
    remedy = f"stored are the versions {known}" if known else "audit something under it first"
    raise NotStored("rubric version", name, remedy)


def stored_versions(name: str, store: Store) -> tuple[tuple[str, int], ...]:
    """(digest, version) of each content stored under a rubric's name, the last stored first."""
    columns = t.rubric.c
    query = (
        select(columns.digest, columns.version)
        .where(columns.name == name)
        .order_by(columns.added_at.desc(), columns.version.desc())
    )
    with store.reading() as connection:
        return tuple((row.digest, row.version) for row in connection.execute(query))
