"""Erases interactions, or all of a customer, wherever Comport wrote them, and shows that nothing is left.

What has to go is written down first, then removed step by step, each of which may be done twice: so what was
interrupted is finished by the next erasure. Audit log and rubrics stay: neither holds what customers said.
Where it is wished scores stay, as sums in which nobody is (`audit/kept_sums.py`).
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from sqlalchemy import ColumnElement, Connection, Select, delete, insert, or_, select, update

from audit import tables as t
from audit.auditlog import Action, write
from audit.copies import forget
from audit.customers import find_person
from audit.database import StoreUnusable, place
from audit.enclosed import ENCLOSED
from audit.holds import check_free, interactions_of_customer
from audit.identities import forget_unnamed, roots_of, settle
from audit.interactions import Role
from audit.kept_sums import keep_sums
from audit.leaving.forgetting import forget_in, is_folder
from audit.originals import together
from audit.proof import ROWS, Proof, in_database, prove
from audit.records import interaction_of
from audit.sought import Sought
from audit.store import NotStored, Store
from audit.tallies import outdate
from audit.tallies import settle as sum_up
from audit.transactions import pieces
from audit.uploads import uploads_folder

ERASED = "[erased]"
"""What stands in account books of batches and imports instead of what named somebody."""

SHORTEST = 4
"""Letters of the shortest string that is looked for: shorter ones stand everywhere. Our choice."""


class Asked(msgspec.Struct, frozen=True):
    """What has to go: interactions, their recordings, files inside of the home, strings that only they have,
    names, and the places of exports."""

    interactions: tuple[str, ...]
    recordings: tuple[str, ...]
    files: tuple[str, ...]
    sure: tuple[str, ...]
    names: tuple[str, ...]
    people: tuple[int, ...] = ()
    exports: tuple[tuple[int, str, str], ...] = ()
    documents: tuple[str, ...] = ()
    """Interactions that came in a document with these, which each of them keeps whole."""
    keep_sums: bool = False
    """Whether their scores go on counting in sums, without anybody."""

    @property
    def nothing(self) -> bool:
        """Whether nothing of it is stored."""
        return not self.interactions and not self.people


class Erased(msgspec.Struct, frozen=True):
    """What was removed: rows of tables and files, each by its kind; `outside` are files that lie where the
    house put them, and that Comport leaves to it. `proof` is the search afterwards."""

    number: int
    interactions: int
    rows: dict[str, int]
    files: dict[str, int]
    exports: tuple[str, ...]
    outside: tuple[str, ...]
    proof: Proof
    notes: tuple[str, ...]
    downloads: tuple[str, ...] = ()
    """Exports that somebody was given over the network, by whom and when: Comport cannot reach them."""

    @property
    def complete(self) -> bool:
        return not self.proof.left


def of_customer(store: Store, who: str) -> Asked:
    """All of a customer: whatever `comport customer show` finds, or who is named so in facts.

    Where nobody fits only the search afterwards is asked for.

    Raises:
        NotStored: more than one fits.
    """
    names = interactions_of_customer(store, who)
    people: tuple[int, ...] = ()
    sure: list[str] = []
    called: list[str] = [who] if " " in who.strip() else []
    try:
        person = find_person(store, Role.CUSTOMER, who)
    except NotStored:
        # Who is erased already is looked for all the same.
        sure.append(who)
    else:
        people = tuple(one.number for one in person.identities)
        called += person.names
        sure += [one.value for one in person.identities if one.kind in ("email", "phone", "crm")]
    return _asked(store, names, sure, called, people)


def of_interactions(store: Store, ids: Collection[str]) -> Asked:
    """These interactions; whose they are is forgotten with the last one of a customer."""
    return _asked(store, tuple(ids), (), (), ())


def _asked(
    store: Store,
    ids: Sequence[str],
    sure: Iterable[str],
    names: Iterable[str],
    people: tuple[int, ...],
) -> Asked:
    row, seen, mine = t.interaction.c, t.observation.c, set(ids)
    export, part = t.export.c, t.export_row.c
    with store.reading() as connection:

        def asked(query: Select[Any], key: ColumnElement[Any], values: Iterable[Any]) -> list[Any]:
            """The rows of a question about any number of values."""
            return [
                one for some in pieces(values) for one in connection.execute(query.where(key.in_(some))).all()
            ]

        found = [interaction_of(r) for r in asked(select(t.interaction), row.id, ids)]
        own = {o.recording for o in found}
        others = asked(select(row.id, row.recording_id), row.recording_id, own)
        recordings = tuple(sorted(own - {o.recording_id for o in others if o.id not in mine}))
        files = [one.file for one in asked(select(seen.file), seen.recording_id, recordings)]
        at_paths = asked(select(row.id, row.path), row.path, {o.path for o in found})
        shared = {o.path for o in at_paths if o.id not in mine}
        upload = t.upload.c
        uploads = [
            one
            for some in pieces(ids, 100)
            for one in connection.execute(
                select(upload.id).where(or_(*(upload.interactions.contains(name) for name in some)))
            ).scalars()
        ]
        exported = {one.export_id for one in asked(select(part.export_id), part.interaction_id, ids)}
        exports = sorted(asked(select(export.id, export.path, export.format), export.id, exported))
        documents = {other.id for one in found for other in together(store, one)} - mine
    home = store.home.resolve()
    places = [Path(o.path) for o in found if o.recording in recordings]
    inside = [str(p) for p in places if p.is_relative_to(home / ENCLOSED)]
    inside += [str(store.observations_folder / file) for file in files]
    inside += [str(uploads_folder(store) / upload) for upload in uploads]
    outside = [str(p) for p in places if not p.is_relative_to(home) and str(p) not in shared]
    long = tuple(dict.fromkeys(one for one in (*ids, *recordings, *outside, *sure) if len(one) >= SHORTEST))
    called = tuple(dict.fromkeys(one for one in names if len(one) >= SHORTEST and one not in long))
    return Asked(
        *(tuple(ids), recordings, tuple(dict.fromkeys(inside)), long, called, people),
        tuple((e.id, e.path, e.format) for e in exports),
        tuple(sorted(documents)),
    )


def erase(store: Store, asked: Asked) -> Erased:
    """Erases, and looks for what is left.

    Raises:
        Held: something of it is under a legal hold; then nothing is erased.
    """
    check_free(store, asked.interactions)
    if asked.nothing:
        return _finish(store, 0, asked)
    return _finish(store, begin(store, asked), asked)


def begin(store: Store, asked: Asked) -> int:
    """Writes down what has to go, for `finish`; gives the number of the erasure.

    Raises:
        Held: something of it is under a legal hold; then nothing will be erased.
    """
    check_free(store, asked.interactions)
    row = {"started_at": datetime.now(UTC), "asked": msgspec.json.encode(asked).decode()}
    with store.writing() as connection:
        made = connection.execute(insert(t.erasure).values(**row))
        number = int(made.inserted_primary_key[0])  # type: ignore[index]
        sums = {"keep_sums": True} if asked.keep_sums else {}
        write(connection, Action.ERASE, f"erasure {number}", interactions=len(asked.interactions), **sums)
    return number


def finish(store: Store, number: int) -> Erased:
    """Erases what was written down under this number, and looks for what is left.

    Raises:
        NotStored: there is no such erasure that is not finished.
        Held: something of it is under a legal hold now.
    """
    asked = _written(store, number)
    check_free(store, asked.interactions)
    return _finish(store, number, asked)


def finish_all(store: Store) -> tuple[Erased, ...]:
    """Finishes what was interrupted.

    Raises:
        Held: something of it came in again and is under a legal hold now.
    """
    begun = [(number, _written(store, number)) for number in open_erasures(store)]
    for _, asked in begun:
        check_free(store, asked.interactions)
    return tuple(_finish(store, number, asked) for number, asked in begun)


def open_erasures(store: Store) -> tuple[int, ...]:
    """The numbers of all that are not finished."""
    row = t.erasure.c
    with store.reading() as connection:
        query = select(row.id).where(row.finished_at.is_(None)).order_by(row.id)
        return tuple(connection.execute(query).scalars())


def _written(store: Store, number: int) -> Asked:
    row = t.erasure.c
    with store.reading() as connection:
        query = select(row.asked).where(row.id == number, row.finished_at.is_(None))
        written = connection.execute(query).scalar_one_or_none()
    if written is None:
        raise NotStored("erasure", str(number), "it is finished, or was never begun")
    return msgspec.json.decode(written, type=Asked)


def _finish(store: Store, number: int, asked: Asked) -> Erased:
    outside = tuple(one for one in asked.sure if one.startswith("/") and Path(one).exists())
    files = _remove_files(store, asked)
    touched: list[str] = []
    for _, path, form in asked.exports:
        if is_folder(path):
            touched += forget_in(Path(path), form, asked.interactions)[0]
    rows = store.again(lambda: _remove_rows(store, asked))
    # A page that was open may have asked for a copy before the row was gone.
    forget(store, asked.recordings)
    if number:
        _account_books(store, asked)
        # What only they did stands in sums, too.
        sum_up(store)
    notes = _compact(store)
    folders = [Path(path) for _, path, _ in asked.exports if is_folder(path)]
    downloads = tuple(path for _, path, _ in asked.exports if not is_folder(path))
    proof = prove(store, asked.sure, asked.names, folders)
    done = Erased(
        number, len(asked.interactions), rows, files, tuple(touched), outside, proof, notes, downloads
    )
    if not done.complete:
        return done
    if number:
        # The report says how much, never what; whom it was about is forgotten now.
        plain = msgspec.structs.replace(proof, names=(), log=())
        short = msgspec.structs.replace(done, exports=(), outside=(), proof=plain)
        values = {"asked": "{}", "report": msgspec.json.encode(short).decode()}
        with store.writing() as connection:
            over = update(t.erasure).where(t.erasure.c.id == number)
            connection.execute(over.values(finished_at=datetime.now(UTC), **values))
        _compact(store)
    left = in_database(store, [one for one in asked.sure if one not in proof.log])
    return msgspec.structs.replace(done, proof=msgspec.structs.replace(proof, left=left))


def _remove_files(store: Store, asked: Asked) -> dict[str, int]:
    """Removes recordings that lie in the home, silent copies, curves and observations."""
    copies = forget(store, asked.recordings)
    done = {"muted": copies} if copies else {}
    outlines = [
        file for one in asked.recordings for file in (store.home / "peaks" / one[:2]).glob(f"{one}.*")
    ]
    for file in dict.fromkeys((*map(Path, asked.files), *outlines)):
        home = store.home.resolve()
        kind = file.relative_to(home if file.is_relative_to(home) else store.home).parts[0]
        try:
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink()
        except FileNotFoundError:
            continue
        done[kind] = done.get(kind, 0) + 1
    return done


def _remove_rows(store: Store, asked: Asked) -> dict[str, int]:
    """Removes the rows of the interactions from every table that names one, and who is then in none."""
    ids = asked.interactions
    done: dict[str, int] = {}

    def remove(connection: Connection, table: str, *where: object) -> None:
        count = connection.execute(delete(t.metadata.tables[table]).where(*where)).rowcount  # type: ignore[arg-type]
        if count > 0:
            done[table] = done.get(table, 0) + count

    with store.writing() as connection:
        part = t.taking_part.c
        people = set(asked.people)
        if asked.keep_sums:
            keep_sums(connection, ids)
        for some in pieces(ids):
            outdate(connection, some)
            theirs = select(part.person_id).where(part.interaction_id.in_(some))
            people |= set(connection.execute(theirs).scalars())
            for one in reversed(t.metadata.sorted_tables):
                for key in one.foreign_keys:
                    if key.column.table is t.interaction:
                        remove(connection, one.name, key.parent.in_(some))
        roots = roots_of(connection, *people)
        for table, count in forget_unnamed(connection, people).items():
            done[table] = done.get(table, 0) + count
        settle(connection, roots)
        for table, column, values in (
            ("original", "interaction_id", asked.documents),
            ("interaction", "id", ids),
            ("observation", "recording_id", asked.recordings),
            ("recording", "id", asked.recordings),
            ("export_row", "interaction_id", ids),
        ):
            for some in pieces(values):
                remove(connection, table, t.metadata.tables[table].c[column].in_(some))
        for some in pieces(ids, 100):
            for table, column in (("webhook_message", "body"), ("upload", "interactions")):
                named = t.metadata.tables[table].c[column]
                remove(connection, table, or_(*(named.contains(name) for name in some)))
    return {table: count for table, count in done.items() if count}


def _account_books(store: Store, asked: Asked) -> None:
    """Takes what names somebody out of the books of batches and imports, out of what staff wrote of others
    (comments, replies, proposals, reasons), and out of kept searches; that there was a file, a word or a
    decision, and what became of it, stays."""
    sought = Sought((*asked.sure, *asked.names))
    item, result, run = t.batch_item.c, t.batch_result.c, t.intake_run.c
    with store.writing() as connection:
        for some in pieces(asked.interactions):
            same = result.interaction_id.in_(some)
            mine = item.id.in_(select(result.item_id).where(same))
            connection.execute(update(t.batch_item).where(mine).values(location=ERASED, reason=""))
            connection.execute(update(t.batch_result).where(same).values(interaction_id=None, reason=ERASED))
        for table, key, text in (
            (t.intake_run, run.id, run.report),
            (t.batch_item, item.id, item.reason),
            (t.batch_item, item.id, item.location),
            (t.batch_result, result.item_id, result.reason),
            (t.proposal, t.proposal.c.id, t.proposal.c.text),
            (t.proposal_decision, t.proposal_decision.c.proposal_id, t.proposal_decision.c.answer),
            (t.person_link, t.person_link.c.id, t.person_link.c.evidence),
            (t.person_decision, t.person_decision.c.id, t.person_decision.c.why),
            (t.review, t.review.c.id, t.review.c.comment),
            (t.reply, t.reply.c.id, t.reply.c.text),
            (t.hold, t.hold.c.id, t.hold.c.reason),
            (t.calibration_word, t.calibration_word.c.calibration_id, t.calibration_word.c.comment),
        ):
            clean = _without_in if table in (t.intake_run, t.person_link) else _without
            told = select(key, text).where(text != "").execution_options(yield_per=ROWS)
            changed = [
                (some[place], clean(some[place][1], _longest_first(named)))
                for some in connection.execute(told).partitions()
                for place, named in sought.standing([row[1] for row in some]).items()
            ]
            for (number, before), after in changed:
                ours = update(table).where(key == number, text == before)
                connection.execute(ours.values({text.name: after}))
        kept = t.saved_search.c
        for search in connection.execute(select(kept.id, kept.name, kept.wanted)).all():
            texts = (search.name, search.wanted)
            named = [_longest_first(sought.standing([text]).get(0, ())) for text in texts]
            if any(_without(text, of) != text for text, of in zip(texts, named, strict=True)):
                connection.execute(delete(t.saved_search).where(kept.id == search.id))
    for file in sorted((store.home / "batches").rglob("*")) if (store.home / "batches").is_dir() else ():
        if file.is_file() and file.suffix in (".md", ".html", ".json", ".txt"):
            before = file.read_text("utf-8", errors="surrogateescape")
            said = _without(before, _longest_first(sought.standing([before]).get(0, ())))
            if said != before:
                file.write_text(said, "utf-8", errors="surrogateescape")


def _longest_first(strings: Collection[str]) -> list[str]:
    return sorted(strings, key=lambda one: (-len(one), one))


def _without(text: str, strings: Sequence[str]) -> str:
    """A text without these, where they stand as whole words: "call" is no part of "calls"."""
    for one in strings:
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", lambda found: ERASED, text, flags=re.IGNORECASE)
    return text


def _without_in(document: str, strings: Sequence[str]) -> str:
    """JSON whose texts are without these; its keys stay."""

    def clean(value: Any) -> Any:
        match value:
            case str():
                return _without(value, strings)
            case list():
                return [clean(item) for item in value]
            case dict():
                return {key: clean(item) for key, item in value.items()}
        return value

    return json.dumps(clean(json.loads(document)), ensure_ascii=False)


def _compact(store: Store) -> tuple[str, ...]:
    """Lets the database forget what it removed; says what is left to whoever runs it."""
    raw = store.engine.raw_connection()
    try:
        driver = raw.driver_connection
        if driver is None:
            return ()
        if store.engine.dialect.name == "sqlite":
            # Words that were removed stay in the index as such until it is made anew.
            for statement in (
                "PRAGMA secure_delete=ON",
                "INSERT INTO transcript_words(transcript_words) VALUES ('rebuild')",
                "VACUUM",
                "PRAGMA wal_checkpoint(TRUNCATE)",
            ):
                driver.execute(statement)
            return (BACKUPS,)
        driver.rollback()
        driver.autocommit = True
        for table in t.metadata.sorted_tables:
            # Statistics hold values of rows that were removed.
            driver.execute(f'VACUUM (ANALYZE) "{table.name}"')
        driver.autocommit = False
    except (sqlite3.Error, psycopg.Error) as error:
        found = f"cannot be compacted ({' '.join(str(error).split())})"
        raise StoreUnusable(
            place(store.engine.url), found, "make room, then: comport erase --resume"
        ) from error
    finally:
        raw.close()
    return (BACKUPS, SERVER)


BACKUPS = (
    "backups, files that were moved, and what was sent to others keep what they have: see to them yourself"
)

SERVER = (
    "WAL archives, replicas and backups of the PostgreSQL server keep what they have until they are rotated"
)
