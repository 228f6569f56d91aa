"""Kept searches, the views of the list of interactions: one's own, and those that others share."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from audit import saved
from audit.saved import LONGEST_NAME, Saved, forget_search, save_search
from audit.searching import Wanted
from audit.store import NotStored, Store
from web import views
from web.api.operations import Made, Many, Operation, each, unchanged
from web.api.problems import ROOT
from web.rights import person

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]


class Search(msgspec.Struct, frozen=True):
    """A search that somebody keeps under a name of any letters; others see it where it is `shared`."""

    number: int
    name: str
    wanted: Wanted
    owner: str
    shared: bool


class NewSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be kept, in the place of an earlier one of that name; `shared`: with the team of whoever
    asks, or with everybody where they have none."""

    name: _Name
    wanted: Wanted
    shared: bool = False


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be otherwise; what is null stays."""

    name: _Name | None = None
    wanted: Wanted | None = None
    shared: bool | None = None


def searches(store: Store) -> Many[Search]:
    return each(map(_shown, views.seen(store)))


def search(store: Store, number: int) -> Search:
    found = next((one for one in views.seen(store) if one.number == number), None)
    if found is None:
        raise NotStored("search", str(number), "the list shows those that you see")
    return _shown(found)


def make_search(store: Store, body: NewSearch) -> Made:
    kept = save_search(store, person().name, body.name, body.wanted, views.sharing(body.shared))
    return Made(_shown(kept), f"{ROOT}/searches/{kept.number}")


def change_search(store: Store, number: int, body: Change) -> Search:
    with store.writing():
        one = views.mine(store, number)
        unchanged(_shown(one))
        name = one.name
        if body.name is not None:
            name = saved.rename_search(store, one.owner, name, body.name)
        with_whom = one.shared_with if body.shared is None else views.sharing(body.shared)
        wanted = one.wanted if body.wanted is None else body.wanted
        return _shown(save_search(store, one.owner, name, wanted, with_whom))


def drop_search(store: Store, number: int) -> None:
    with store.writing():
        one = views.mine(store, number)
        unchanged(_shown(one))
        forget_search(store, one.owner, one.name)


def _shown(one: Saved) -> Search:
    return Search(one.number, one.name, one.wanted, one.owner, one.shared_with is not None)


_SEARCH = "/searches/<int:number>"

OPERATIONS = (
    Operation(
        *("GET", "/searches", searches, "The searches that you keep, or others share with you"),
        Many[Search],
    ),
    Operation("GET", _SEARCH, search, "One of them", Search),
    Operation(
        *("POST", "/searches", make_search, "Keeps a search", Search),
        body=NewSearch,
        status=HTTPStatus.CREATED,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
    ),
    Operation(
        *("PATCH", _SEARCH, change_search, "Changes a search of yours", Search),
        body=Change,
        problems=(HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY),
    ),
    Operation(
        *("DELETE", _SEARCH, drop_search, "Forgets a search of yours", None),
        status=HTTPStatus.NO_CONTENT,
        problems=(HTTPStatus.PRECONDITION_FAILED,),
    ),
)
