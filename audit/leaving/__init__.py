"""`comport export`: what was judged for other systems, without personal data unless it is asked for."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from audit.console import FAILED, complain, json_option, out, print_json, progress_bar, store_of
from audit.listing import filtered, wanted_of
from models.errors import ComportError

if TYPE_CHECKING:
    from audit.interactions import Interaction
    from audit.leaving.rows import Leaving
    from audit.scope import Scope
    from audit.searching import Row, Wanted
    from audit.store import Store

FORMATS = ("vcon", "json", "csv", "parquet")

PAGE = 200
"""Scorecards read and written at a time."""


class ExportUnsaved(ComportError):
    """An export could not be written."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        return f"{self.path}: nothing was exported ({self.found}); give an empty folder with room in it"


class TooMuch(ComportError):
    """More than one download gives."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most

    def __str__(self) -> str:
        return f"more than {self.most} scorecards fit; ask for less, or have `comport export` write them"


class Exported(msgspec.Struct, frozen=True):
    """What an export wrote: `removed` counts what was taken out of texts, sound and pictures by its kind
    (vCons only: there each is listed in its file), `left_out` says what could not be given and why."""

    files: tuple[str, ...]
    scorecards: int
    removed: dict[str, int]
    left_out: tuple[str, ...]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--format", "form", type=click.Choice(FORMATS), required=True)
@filtered
@click.option("--with-personal-data", "personal", is_flag=True, help="Names, addresses, numbers, faces too.")
@click.option("--no-media", is_flag=True, help="vCons without sound and pictures.")
@json_option
@click.pass_context
def export(
    context: click.Context,
    /,
    folder: Path,
    form: str,
    personal: bool,
    no_media: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Write scorecards to FOLDER for other systems; what is asked for is chosen as by `comport search`.

    Customers' names, personal data, faces and what is said of them are taken out first. Card data never
    leaves. What nobody recognised is not removed: have a person look before it leaves the house.
    """
    store = store_of(context)
    with progress_bar("writing", quiet=as_json, unit="scorecards") as bar:
        done = write_export(store, folder, form, wanted_of(**asked), personal, not no_media, bar)
    if as_json:
        print_json(done)
    else:
        out.print(f"{done.scorecards} scorecards in {len(done.files)} files", highlight=False)
        for kind, count in sorted(done.removed.items()):
            out.print(f"removed: {kind}, {count} times", highlight=False, markup=False, soft_wrap=True)
        for told in done.left_out:
            complain(told)
    context.exit(FAILED if done.left_out else 0)


def write_export(
    store: "Store",
    folder: Path,
    form: str,
    wanted: "Wanted",
    personal: bool = False,
    media: bool = True,
    progress: Any = lambda done, total: None,
    scope: "Scope | None" = None,
    most: int | None = None,
    place: str = "",
) -> Exported:
    """Writes what fits `wanted` and is of the scope into a new or empty folder in one of `FORMATS`, whole or
    not at all.

    What is written is noted first, so that an erasure finds it again: under `place` where it will not lie in
    the folder.

    Raises:
        ExportUnsaved: the folder is not empty or cannot be written.
        BadSearch: what is asked for cannot be understood.
        TooMuch: more than `most` scorecards fit.
    """
    from audit.scope import EVERYTHING

    folder = folder.absolute()
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ExportUnsaved(str(folder), "it is not empty")
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder, prefix=".part-"))
        try:
            number = _begin(store, place or str(folder), form, personal)
            write = _vcons if form == "vcon" else _tables
            seen = scope or EVERYTHING
            pages = _noted(store, number, _pages(store, wanted, seen, most, progress), form, seen)
            try:
                done = write(store, part, form, pages, personal, media, seen)
            except TooMuch:
                _take_back(store, number)
                raise
            for name in done.files:
                (part / name).replace(folder / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise ExportUnsaved(str(folder), error.strerror or str(error)) from error
    return msgspec.structs.replace(done, files=tuple(str(folder / name) for name in done.files))


def _begin(store: "Store", place: str, form: str, personal: bool) -> int:
    from sqlalchemy import insert

    from audit import tables as t
    from audit.auditlog import Action, write

    row = {"at": datetime.now(UTC), "path": place, "format": form, "personal": personal}
    with store.writing() as connection:
        write(connection, Action.EXPORT, place, format=form, personal=personal)
        number: int = connection.execute(insert(t.export).values(**row)).inserted_primary_key[0]  # type: ignore[index]
    return number


def _take_back(store: "Store", number: int) -> None:
    """Notes nothing of an export that gave nothing to anybody."""
    from sqlalchemy import delete

    from audit import tables as t

    with store.writing() as connection:
        connection.execute(delete(t.export_row).where(t.export_row.c.export_id == number))
        connection.execute(delete(t.export).where(t.export.c.id == number))


def _pages(
    store: "Store", wanted: "Wanted", scope: "Scope", most: int | None, progress: Any
) -> "Iterator[list[Row]]":
    """The rows of a search by the page."""
    from audit.searching import find

    older, done = None, 0
    while True:
        page = find(store, wanted, PAGE, older, scope=scope)
        done += len(page.rows)
        if most is not None and (done > most or (done == most and page.older)):
            raise TooMuch(most)
        if page.rows:
            yield list(page.rows)
        progress(done, done)
        older = page.older
        if older is None:
            return


def _noted(
    store: "Store", number: int, pages: "Iterator[list[Row]]", form: str, scope: "Scope"
) -> "Iterator[list[Row]]":
    """The same pages, each row noted as a part of the export before it is given; of a vCon with all that came
    in the same one."""
    from sqlalchemy import insert, select

    from audit import tables as t
    from audit.transactions import pieces

    row = t.export_row.c
    for page in pages:
        found = [one.interaction for one in page]
        if form == "vcon":
            found = [other for one in found for other in _group(store, one, scope)]
        with store.writing() as connection:
            for some in pieces(sorted({one.id for one in found})):
                asked = select(row.interaction_id).where(
                    row.export_id == number, row.interaction_id.in_(some)
                )
                known = set(connection.execute(asked).scalars())
                if rows := [{"export_id": number, "interaction_id": n} for n in some if n not in known]:
                    connection.execute(insert(t.export_row), rows)
        yield page


def _group(store: "Store", one: "Interaction", scope: "Scope") -> "tuple[Interaction, ...]":
    """All that came in the same vCon, this one among them; none where some of it is beyond the scope."""
    from audit.originals import together
    from audit.store import NotStored

    group = together(store, one)
    try:
        for other in group:
            store.interaction(other.id, scope)
    except NotStored:
        return ()
    return group


def _leaving(store: "Store", row: "Row", personal: bool, scope: "Scope") -> "Leaving | None":
    """The scorecard of a row; None when another one has taken its place meanwhile."""
    from audit.leaving.rows import leaving

    cards = (c for c in store.scorecards(row.interaction.id, scope) if c.rubric == row.rubric)
    card = next(cards, None)
    return leaving(store, row, card, personal) if card else None


def _tables(
    store: "Store",
    folder: Path,
    form: str,
    pages: "Iterator[list[Row]]",
    personal: bool,
    media: bool,
    scope: "Scope",
) -> Exported:
    from audit.leaving.tables import CsvWriter, JsonWriter, ParquetWriter, Writer

    kinds: dict[str, Callable[[Path], Writer]]
    kinds = {"json": JsonWriter, "csv": CsvWriter, "parquet": ParquetWriter}
    writer = kinds[form](folder)
    count = 0
    try:
        for page in pages:
            batch = [one for row in page if (one := _leaving(store, row, personal, scope))]
            writer.write(batch)
            count += len(batch)
    finally:
        writer.close()
    return Exported(tuple(path.name for path in writer.files), count, {}, ())


def _vcons(
    store: "Store",
    folder: Path,
    form: str,
    pages: "Iterator[list[Row]]",
    personal: bool,
    media: bool,
    scope: "Scope",
) -> Exported:
    import json

    from audit.leaving.vcon import Part, make_vcon
    from models.observations import write_whole

    files: list[str] = []
    removed: dict[str, int] = {}
    left_out: list[str] = []
    count = 0
    done: set[str] = set()
    for page in pages:
        for row in page:
            if row.interaction.id in done:
                continue
            group = _group(store, row.interaction, scope)
            done |= {row.interaction.id, *(one.id for one in group)}
            if not group:
                left_out.append(f"{row.interaction.id[:12]}: came in one document with what you do not see")
                continue
            try:
                parts = [Part(one, _cards(store, one.id, personal, scope)) for one in group]
                document, gone = make_vcon(store, parts, personal, media)
            except ComportError as error:
                left_out.append(f"{row.interaction.id[:12]}: {error.line}")
                continue
            files.append(f"{group[0].id[:12]}.vcon")
            write_whole(folder / files[-1], json.dumps(document, ensure_ascii=False).encode())
            count += sum(len(part.cards) for part in parts)
            for one in gone:
                removed[one["kind"]] = removed.get(one["kind"], 0) + 1
    return Exported(tuple(files), count, removed, tuple(left_out))


def _cards(store: "Store", interaction: str, personal: bool, scope: "Scope") -> "tuple[Leaving, ...]":
    """All current scorecards of an interaction that are of the scope, each as a row of a list has it."""
    from audit.searching import rows_of

    found = (_leaving(store, row, personal, scope) for row in rows_of(store, interaction))
    return tuple(one for one in found if one)
