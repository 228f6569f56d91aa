"""Limits of tries, such as wrong passwords, counted by all server processes together (`audit/tries.py`)."""

from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits.storage import Storage

from audit import tries
from audit.store import Store
from models.errors import ComportError


class InDatabase(Storage):
    """Where Flask-Limiter keeps what it counts."""

    STORAGE_SCHEME = ["comport"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions)
        self._store: Store = options["store"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return ComportError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return tries.count(self._store, key, expiry, amount)

    def get(self, key: str) -> int:
        return tries.counted(self._store, key)[0]

    def get_expiry(self, key: str) -> float:
        return tries.counted(self._store, key)[1].timestamp()

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        return tries.forget(self._store)

    def clear(self, key: str) -> None:
        tries.forget(self._store, key)


def of_everybody(app: Flask, store: Store) -> Limiter:
    """For what is rare and must not be tried often, at whichever process."""
    where: dict[str, Any] = {"store": store}
    return Limiter(get_remote_address, app=app, storage_uri="comport://", storage_options=where)


def of_this_process(app: Flask) -> Limiter:
    """For what is asked so often that counting it must cost nothing."""
    return Limiter(get_remote_address, app=app, storage_uri="memory://")
