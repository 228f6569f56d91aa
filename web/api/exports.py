"""What fits a search, as a file for other systems."""

from http import HTTPStatus
from typing import Literal

import msgspec
from flask import Response

from audit.searching import Wanted
from audit.store import Store
from web.api.operations import Operation
from web.exporting import ZIP, given


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted, as `comport search` takes it, and in which format of `comport export`."""

    format: Literal["json", "csv", "parquet", "vcon"]
    wanted: Wanted = Wanted()


def export(store: Store, body: Export) -> Response:
    return given(store, body.format, body.wanted)


OPERATIONS = (
    Operation(
        *("POST", "/exports", export, "A zip of scorecards without personal data, sound and pictures", ZIP),
        body=Export,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
    ),
)
