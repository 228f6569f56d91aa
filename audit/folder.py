"""What is known of all files of a folder: a table, the pattern of their names, who works where, tills, zones.

It stands in `comport.intake.yaml`, which holds for its folder and those below it.
"""

import csv
import functools
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from pydantic import AfterValidator, ValidationError

from audit import yamlfile
from audit.arrivals import Facts, Rejected, zone
from audit.interactions import Interaction, Role
from audit.jsonfile import items

NAME = "comport.intake.yaml"

FACTS = frozenset(Facts.model_fields) - {"roles"}
"""What is known of an interaction."""

TILL = "till"
"""Where it was, for the log of the tills to say who worked there."""

_SAID = FACTS | {TILL}
"""What a column or a part of a name can say."""

_FIELD = re.compile(r"\{(\w+)\}")


class FolderFile(yamlfile.Checked):
    """The file: `columns` says which column of the table holds which fact, `file` the recording's name."""

    table: str | None = None
    columns: dict[str, str] = {}
    names: str | list[str] = []
    time_format: str | None = None
    roster: str | None = None
    tills: str | None = None
    till: str | None = None
    zones: dict[str, Annotated[str, AfterValidator(zone)]] = {}
    facts: Facts = Facts()


class Row(NamedTuple):
    """A row of a table: where it stands, and its values by fact."""

    where: str
    line_number: int | None
    values: dict[str, str]


class Post(NamedTuple):
    """Where somebody works, from a day to a day (both included), None for ever."""

    name: str
    branch: str
    team: str
    start: date | None
    end: date | None


class Session(NamedTuple):
    """Who was signed in at a till, from a time to a time."""

    employee: str
    start: datetime
    end: datetime


class Folder:
    """What a `comport.intake.yaml` says; its table, roster and log of tills are read once.

    Raises:
        yamlfile.BadFile, Rejected: it, its table, its roster or its log of tills has mistakes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        document = yamlfile.read_document(path)
        self.said = yamlfile.check(document, FolderFile) or FolderFile()
        for fact in self.said.columns:
            if fact not in _SAID | {"file"}:
                document.report(
                    ("columns", fact), f"'{fact}' is no fact{yamlfile.nearest(fact, sorted(_SAID))}"
                )
        if self.said.table and "file" not in self.said.columns:
            document.report(("columns",), "no column is the `file`")
        patterns = [self.said.names] if isinstance(self.said.names, str) else self.said.names
        for fact in {f for p in patterns for f in _FIELD.findall(p)} - _SAID:
            document.report(("names",), f"'{fact}' is no fact{yamlfile.nearest(fact, sorted(_SAID))}")
        document.raise_problems()
        self.patterns = [(p, _regex(p)) for p in patterns]
        self.rows = {r.values.pop("file"): r for r in self._rows()} if self.said.table else {}
        self.posts = dict(self._posts()) if self.said.roster else {}
        self.sessions = self._sessions() if self.said.tills else {}

    def _rows(self) -> Iterator[Row]:
        table = self.path.with_name(self.said.table or "")
        seen: dict[str, str] = {}
        for row in rows(table):
            missing = [c for c in self.said.columns.values() if c not in row.values]
            if missing:
                raise Rejected(str(table), row.line_number, f"{row.where}: no column '{missing[0]}'")
            values = {f: row.values[c].strip() for f, c in self.said.columns.items() if row.values[c].strip()}
            name = values.get("file", "")
            if not name:
                raise Rejected(str(table), row.line_number, f"{row.where}: names no file")
            if name in seen:
                raise Rejected(
                    str(table), row.line_number, f"{row.where}: {name} was in {seen[name]} already"
                )
            seen[name] = row.where
            yield Row(row.where, row.line_number, values)

    def _posts(self) -> Iterator[tuple[str, list[Post]]]:
        roster = self.path.with_name(self.said.roster or "")
        found: dict[str, list[Post]] = {}
        for row in rows(roster):
            one = row.values
            if missing := [c for c in ("employee", "branch") if not one.get(c, "").strip()]:
                raise Rejected(str(roster), row.line_number, f"{row.where}: no {missing[0]}")
            days = [_day(roster, row, c) for c in ("from", "to")]
            post = Post(one.get("name", ""), one["branch"], one.get("team", ""), *days)
            posts = found.setdefault(one["employee"].strip(), [])
            if any(_meet(post, other) for other in posts):
                told = f"{row.where}: {one['employee']} works in two places on one day"
                raise Rejected(str(roster), row.line_number, told)
            posts.append(post)
        yield from found.items()

    def _sessions(self) -> dict[str, list[Session]]:
        """Who was signed in at each till, in the order of the log."""
        log = self.path.with_name(self.said.tills or "")
        zone_of_all = self.said.facts.time_zone
        found: dict[str, list[Session]] = {}
        for row in rows(log):
            one = {column: value.strip() for column, value in row.values.items()}
            if missing := [c for c in (TILL, "employee", "from", "to") if not one.get(c)]:
                raise Rejected(str(log), row.line_number, f"{row.where}: no {missing[0]}")
            zone_here = self.said.zones.get(one.get("branch", ""), zone_of_all)
            try:
                start, end = (
                    datetime.fromisoformat(self._time(one[c], zone_here, c)) for c in ("from", "to")
                )
            except ValueError as error:
                raise Rejected(str(log), row.line_number, f"{row.where}: {error}") from error
            if start >= end:
                raise Rejected(str(log), row.line_number, f"{row.where}: ends before it begins")
            sessions = found.setdefault(one[TILL], [])
            if any(start < other.end and other.start < end for other in sessions):
                told = f"{row.where}: two are signed in at {one[TILL]} at one time"
                raise Rejected(str(log), row.line_number, told)
            sessions.append(Session(one["employee"], start, end))
        return found

    def _signed_in(self, till: str, started_at: str) -> str | None:
        """The employee at a till when a conversation began; None where the log says nobody."""
        at = datetime.fromisoformat(started_at)
        return next((s.employee for s in self.sessions.get(till, []) if s.start <= at < s.end), None)

    def facts_of(self, path: Path) -> Facts:
        """The facts that table, name, log of tills and folder give of a file.

        Raises:
            Rejected: the row or the name of the file says something that is no such fact.
        """
        known = self.said.facts.model_dump(exclude_unset=True)
        row = self.rows.get(path.relative_to(self.path.parent).as_posix()) or self.rows.get(path.name)
        if row:
            known |= row.values
        elif self.patterns:
            found = next((m for _, p in self.patterns if (m := p.fullmatch(path.stem))), None)
            if found is None:
                raise Rejected(str(path), None, f"its name is not like {self.patterns[0][0]} of {NAME}")
            known |= found.groupdict()
        till = known.pop(TILL, self.said.till)
        where = (self.path.with_name(self.said.table or ""), row.line_number) if row else (path, None)
        if (branch := known.get("branch")) in self.said.zones:
            known.setdefault("time_zone", self.said.zones[str(branch)])
        try:
            if known.get("started_at"):
                known["started_at"] = self._time(known["started_at"], known.get("time_zone"))
                if till and not known.get("agent_id"):
                    known["agent_id"] = self._signed_in(till, known["started_at"])
            if "agent_channel" in known:
                known["agent_channel"] = int(known["agent_channel"])
            return Facts.model_validate(known)
        except ValidationError as error:
            first = error.errors()[0]
            told = f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
            raise Rejected(str(where[0]), where[1], told) from error
        except ValueError as error:
            raise Rejected(str(where[0]), where[1], str(error)) from error

    def _time(self, text: str, time_zone: str | None, what: str = "started_at") -> str:
        pattern = self.said.time_format
        try:
            at = datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)
        except ValueError as error:
            wanted = pattern or "2026-03-02T10:15:00+01:00"
            raise ValueError(f"{what}: '{text}' is not a time like {wanted}") from error
        if at.tzinfo is None:
            if not time_zone:
                raise ValueError(
                    f"{what}: '{text}' has no time zone; say time_zone, or the branch's in zones"
                )
            at = at.replace(tzinfo=ZoneInfo(time_zone))
        return at.isoformat()

    def completed(self, about: Interaction) -> Interaction:
        """The interaction with name, branch, team and zone of its agent as the roster has them on that day.

        What is known otherwise stays. Where the day is unknown, the roster counts only for who always worked
        in one place.
        """
        agent = next((p for p in about.parties if p.role == Role.AGENT and p.employee), None)
        posts = self.posts.get(agent.employee, []) if agent else []
        day = datetime.fromisoformat(about.started_at).date() if about.started_at else None
        then = posts if day is None else [p for p in posts if _works(p, day)]
        post = then[0] if len(then) == 1 else None
        branch = about.branch or (post.branch if post else None)
        if post and agent and not agent.name:
            named = msgspec.structs.replace(agent, name=post.name)
            about = msgspec.structs.replace(
                about, parties=tuple(named if p is agent else p for p in about.parties)
            )
        return msgspec.structs.replace(
            about,
            agent=about.agent or (post.name if post else None) or None,
            branch=branch,
            team=about.team or (post.team if post else None) or None,
            time_zone=about.time_zone or self.said.zones.get(branch or ""),
        )

    @property
    def tables(self) -> set[Path]:
        """The files that only say something about others."""
        said = self.said
        return {self.path.with_name(name) for name in (said.table, said.roster, said.tills) if name}

    def not_here(self) -> Iterator[Rejected]:
        """The rows of the table whose file is not in the folder; outside of it nothing is looked for."""
        for name, row in self.rows.items():
            table = str(self.path.with_name(self.said.table or ""))
            # What lies elsewhere gets no facts of this table, whether it is there or not.
            if Path(name).is_absolute() or ".." in Path(name).parts:
                yield Rejected(
                    table,
                    row.line_number,
                    f"{name}: expected its place inside of this folder, such as sub/a.wav",
                )
            elif not (self.path.parent / name).is_file():
                yield Rejected(table, row.line_number, f"{name} is not here")


def folder_of(path: Path) -> Folder | None:
    """The nearest `comport.intake.yaml` at or above a file's folder; None where there is none."""
    for parent in path.absolute().parents:
        said = parent / NAME
        try:
            if said.is_file():
                return _folder(said, said.stat().st_mtime_ns)
        except OSError:
            return None
    return None


@functools.lru_cache(maxsize=64)
def _folder(path: Path, changed_ns: int) -> Folder:
    return Folder(path)


def rows(path: Path) -> Iterator[Row]:
    """The rows of a table: CSV with any usual separator and a heading, JSON (a list) or JSON lines.

    Raises:
        Rejected: it cannot be read, or a row has more values than the heading.
    """
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        for item in items(path):
            if isinstance(item, Rejected):
                raise item
            yield Row(item.where, item.line_number, {k: _text(v) for k, v in item.value.items()})
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            separator = max(",;\t|", key=head.count)
            reader = csv.DictReader(file, delimiter=separator, strict=True)
            for row in reader:
                if None in row or None in row.values():
                    told = f"line {reader.line_num}: not as many values as the heading"
                    raise Rejected(str(path), reader.line_num, told)
                yield Row(f"line {reader.line_num}", reader.line_num, row)
    except OSError as error:
        raise Rejected(str(path), None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Rejected(str(path), None, "not UTF-8; save it as UTF-8") from error
    except csv.Error as error:
        raise Rejected(str(path), reader.line_num, f"not CSV: {error}") from error


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _regex(pattern: str) -> re.Pattern[str]:
    """`{agent_id}_{started_at}` as an expression; a part reaches to the next letters of the pattern."""
    parts = _FIELD.split(pattern)
    return re.compile("".join(f"(?P<{p}>.+?)" if n % 2 else re.escape(p) for n, p in enumerate(parts)))


def _day(path: Path, row: Row, column: str) -> date | None:
    text = row.values.get(column, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Rejected(
            str(path), row.line_number, f"{row.where}: {column}: '{text}' is no day like 2026-03-02"
        ) from error


def _works(post: Post, day: date) -> bool:
    return (post.start is None or post.start <= day) and (post.end is None or day <= post.end)


def _meet(one: Post, other: Post) -> bool:
    first = max(one.start or date.min, other.start or date.min)
    return first <= min(one.end or date.max, other.end or date.max)
