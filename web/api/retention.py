"""How long what is kept, what must stay, and what has to go for ever; for admins."""

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from werkzeug.exceptions import Conflict, UnprocessableEntity

from audit import holds
from audit.erasures import Erasure, asked_of, erasures_of
from audit.holds import Hold, held, remove_hold
from audit.interactions import Channel
from audit.retention import KINDS, MOST_DAYS, NAME, Counted, Retention, count_due, read_retention
from audit.retention import keep_times as keep
from audit.store import NotStored, Store
from audit.yamlfile import BadFile
from web.api.operations import Made, Many, Operation, begun, each, following, unchanged
from web.api.problems import ROOT
from web.rights import person
from web.wording import told

_Days = Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many days what is kept; null is for ever. With its scorecards all of an interaction goes."""

    media: _Days | None
    transcripts: _Days | None
    observations: _Days | None
    scorecards: _Days | None


class KeepTimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The times of each channel, counted from when a conversation began."""

    call: Kept
    video: Kept
    in_person: Kept
    chat: Kept
    email: Kept
    social: Kept


class Whom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer, by what they are known by, or an interaction by its id."""

    kind: Literal["customer", "interaction"]
    value: _Text


class NewHold(Whom, frozen=True, forbid_unknown_fields=True):
    """What is to be held, and why: a case, a request of an authority."""

    reason: _Text


class NewErasure(Whom, frozen=True, forbid_unknown_fields=True):
    """What is to be erased, and whether its scores go on counting in sums, without anybody."""

    keep_sums: bool = False


class Preview(msgspec.Struct, frozen=True):
    """What an erasure would take: files lie in the home folder, `exports` where they were written. While
    something of it is `held` nothing is erased."""

    interactions: tuple[str, ...]
    recordings: int
    files: int
    exports: tuple[str, ...]
    held: tuple[Hold, ...]


class Runs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many erasures; `before` is the number of the last of the page before."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    before: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None


def keep_times(store: Store) -> KeepTimes:
    return _shown(_times(store))


def set_keep_times(store: Store, body: KeepTimes) -> KeepTimes:
    with store.writing():
        unchanged(keep_times(store))
        of = {channel: msgspec.structs.asdict(getattr(body, channel.value)) for channel in Channel}
        return _shown(keep(store, of))


def due(store: Store) -> Counted:
    return count_due(store, _times(store))


def list_holds(store: Store) -> Many[Hold]:
    return each(holds.holds(store))


def hold(store: Store, number: int) -> Hold:
    found = next((one for one in holds.holds(store) if one.number == number), None)
    if found is None:
        raise NotStored("hold", str(number), "the list shows all")
    return found


def add_hold(store: Store, body: NewHold) -> Made:
    if not body.reason.strip():
        raise UnprocessableEntity("'reason' is empty: say why it is held")
    made = holds.add_hold(store, body.kind, _named(body), body.reason.strip(), person().name)
    return Made(made, f"{ROOT}/holds/{made.number}")


def lift_hold(store: Store, number: int) -> None:
    with store.writing():
        unchanged(hold(store, number))
        remove_hold(store, number)


def preview_erasure(store: Store, query: Whom) -> Preview:
    asked = asked_of(store, query.kind, _named(query))
    if asked.nothing:
        raise NotStored(query.kind, query.value, "nothing of it is stored")
    keeping = dict.fromkeys(held(store, asked.interactions).values())
    exports = tuple(path for _, path, _ in asked.exports)
    return Preview(asked.interactions, len(asked.recordings), len(asked.files), exports, tuple(keeping))


def list_erasures(store: Store, query: Runs) -> Many[Erasure]:
    found = erasures_of(store).newest(query.limit, query.before)
    more = len(found) == query.limit and found[-1].number > 1
    return Many(found, following(f"{ROOT}/erasures", query, before=found[-1].number) if more else None)


def erasure(store: Store, number: int) -> Erasure:
    return erasures_of(store).of(number)


def begin_erasure(store: Store, body: NewErasure) -> Made:
    def begin() -> int:
        unchanged(preview_erasure(store, body))
        asked = asked_of(store, body.kind, _named(body))
        return erasures_of(store).write_down(msgspec.structs.replace(asked, keep_sums=body.keep_sums))

    number = begun(store, "erasure", body, begin)
    erasures_of(store).resume(number)
    return _made(store, number)


def finish_erasure(store: Store, number: int) -> Made:
    erasures_of(store).resume(erasures_of(store).of(number).number)
    return _made(store, number)


def _named(whom: Whom) -> str:
    """What they are known by.

    Raises:
        NotStored: it is empty.
    """
    if not whom.value.strip():
        raise NotStored(whom.kind, whom.value, "'value' is empty")
    return whom.value.strip()


def _made(store: Store, number: int) -> Made:
    return Made(erasures_of(store).of(number), f"{ROOT}/erasures/{number}")


def _times(store: Store) -> Retention:
    try:
        return read_retention(store.home / NAME)
    except BadFile as error:
        raise Conflict(f"mend it first: {told(error).replace(str(store.home / NAME), NAME)}") from error


def _shown(times: Retention) -> KeepTimes:
    of = {channel.value: times.of(channel) for channel in Channel}
    return KeepTimes(**{name: Kept(*(getattr(kept, kind) for kind in KINDS)) for name, kept in of.items()})


_HOLD = "/holds/<int:number>"
_ERASURE = "/erasures/<int:number>"

OPERATIONS = (
    Operation(
        *("GET", "/retention", keep_times, "How long what is kept", KeepTimes),
        problems=(HTTPStatus.CONFLICT,),
    ),
    Operation(
        *("PUT", "/retention", set_keep_times, "Sets how long what is kept", KeepTimes),
        body=KeepTimes,
        problems=(HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
    ),
    Operation(
        *("GET", "/retention/due", due, "What is over its time: the next run would remove it", Counted),
        problems=(HTTPStatus.CONFLICT,),
    ),
    Operation("GET", "/holds", list_holds, "What nobody may erase", Many[Hold]),
    Operation("GET", _HOLD, hold, "One hold", Hold),
    Operation(
        *("POST", "/holds", add_hold, "Holds a customer with all that comes, or an interaction", Hold),
        body=NewHold,
        status=HTTPStatus.CREATED,
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    ),
    Operation(
        *("DELETE", _HOLD, lift_hold, "Lifts a hold", None),
        status=HTTPStatus.NO_CONTENT,
        problems=(HTTPStatus.PRECONDITION_FAILED,),
    ),
    Operation(
        *("GET", "/erasures/preview", preview_erasure, "What an erasure would take", Preview, Whom),
        problems=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Operation("GET", "/erasures", list_erasures, "Erasures, newest first", Many[Erasure], Runs),
    Operation("GET", _ERASURE, erasure, "How far an erasure is, and the search afterwards", Erasure),
    Operation(
        *("POST", "/erasures", begin_erasure, "Erases for ever; If-Match takes the preview's ETag", Erasure),
        body=NewErasure,
        status=HTTPStatus.ACCEPTED,
        problems=(
            *(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
        once=True,
    ),
    Operation(
        *("POST", f"{_ERASURE}/finish", finish_erasure, "Goes on with one that was interrupted", Erasure),
        status=HTTPStatus.ACCEPTED,
    ),
)
