"""Cuts card data out of what earlier versions stored: observations where they lie, quotes on scorecards."""

import hashlib
from typing import NamedTuple

import msgspec
from sqlalchemy import select, update

from audit import tables as t
from audit.judge import Finding
from audit.originals import recut_originals
from audit.outcomes import Evidence
from audit.scorecard import Scorecard
from audit.store import Store
from models import observations as obs
from models.cutting import cut, is_cut
from models.observations import Cut
from models.secret_words import MARKS


class Recut(NamedTuple):
    """What was done: files looked through, those with card data, scorecards changed, files not readable,
    documents changed."""

    looked_at: int
    with_card_data: int
    scorecards: int
    unreadable: tuple[obs.ObservationsUnreadable, ...]
    documents: int


def recut(store: Store) -> Recut:
    """Cuts everything stored by versions that cut nothing or less; what is done already is not done again.

    Each file is written anew under its new name, its row is changed, then the old file goes: stopped at any
    moment, it goes on where it was when it is run again.
    """
    looked_at = with_card_data = scorecards = 0
    unreadable: list[obs.ObservationsUnreadable] = []
    rows = t.observation.c
    with store.reading() as connection:
        found = connection.execute(select(t.observation).where(rows.need == "utterances")).all()
    for row in found:
        old = store.observations_folder / row.file
        try:
            observed = obs.load(old)
        except obs.ObservationsUnreadable as error:
            unreadable.append(error)
            continue
        if is_cut(observed.provenance):
            continue
        looked_at += 1
        new = cut(observed)
        with_card_data += bool(new.cut)
        file = str(obs.save(new, store.observations_folder).relative_to(store.observations_folder))
        same = (rows.recording_id == row.recording_id, rows.provenance_digest == row.provenance_digest)
        with store.writing() as connection:
            known = connection.execute(
                select(rows.file).where(
                    rows.recording_id == row.recording_id, rows.provenance_digest == new.provenance.digest
                )
            ).scalar()
            if known is None:
                renamed = {"file": file, "provenance_digest": new.provenance.digest}
                connection.execute(update(t.observation).where(*same).values(**renamed))
            else:
                # The recording was audited again meanwhile: what is stored of that is the same.
                connection.execute(t.observation.delete().where(*same))
            if new.cut:
                scorecards += _cut_quotes(store, row.recording_id, new.cut)
                # What it is found by is written anew after this: `audit.upgrading.index_missing`.
                heard = select(t.interaction.c.id).where(t.interaction.c.recording_id == row.recording_id)
                connection.execute(t.transcript.delete().where(t.transcript.c.interaction_id.in_(heard)))
        old.unlink(missing_ok=True)
    return Recut(looked_at, with_card_data, scorecards, tuple(unreadable), recut_originals(store))


def _cut_quotes(store: Store, recording: str, gone: tuple[Cut, ...]) -> int:
    """Puts marks for quotes that hold what was cut, on each scorecard of a recording; how many changed."""
    cards = t.scorecard.c
    changed = 0
    with store.writing() as connection:
        rows = connection.execute(
            select(cards.id, cards.content)
            .join(t.interaction, t.interaction.c.id == cards.interaction_id)
            .where(t.interaction.c.recording_id == recording)
        ).all()
        for row in rows:
            card = msgspec.json.decode(row.content, type=Scorecard)
            findings = tuple(_without(finding, gone) for finding in card.findings)
            if findings == card.findings:
                continue
            content = obs.to_json(msgspec.structs.replace(card, findings=findings))
            digest = hashlib.sha256(content).hexdigest()
            connection.execute(
                update(t.scorecard).where(cards.id == row.id).values(content=content.decode(), digest=digest)
            )
            changed += 1
    return changed


def _without(finding: Finding, gone: tuple[Cut, ...]) -> Finding:
    evidence = tuple(_quote_without(one, gone) for one in finding.evidence)
    return msgspec.structs.replace(finding, evidence=evidence)


def _quote_without(evidence: Evidence, gone: tuple[Cut, ...]) -> Evidence:
    """The evidence with a mark for its quote where it reaches into what was cut (in chats: is its moment)."""
    if not evidence.quote:
        return evidence
    hit = next((one for one in gone if evidence.span & one.span or evidence.span == one.span), None)
    return evidence if hit is None else msgspec.structs.replace(evidence, quote=MARKS[hit.kind])
