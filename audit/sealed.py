"""What the database has sealed, and what for: secrets of second factors and of webhooks."""

from sqlalchemy import Connection, select, update

from audit.sealing import PREFIX, is_sealed, seal
from audit.store import Store
from audit.tables import user, webhook

_COLUMNS = (user.c.totp_secret, webhook.c.secret)


def of_user(name: str) -> str:
    """What the secret of an account's second factor is sealed for."""
    return f"the second factor of '{name}'"


def of_webhook(url: str) -> str:
    """What the secret of a webhook is sealed for: with another address it is worth nothing."""
    return f"the webhook at {url}"


def sealed(connection: Connection, store: Store, text: str, of: str) -> str:
    """The text as it may stand in the database; with the first one the key is made.

    Raises:
        KeyGone: the key that others are sealed with is away.
    """
    others = (select(column).where(column.startswith(PREFIX)).limit(1) for column in _COLUMNS)
    first = all(connection.execute(query).scalar() is None for query in others)
    return seal(store.home, text, of, first)


def seal_secrets(store: Store) -> None:
    """Seals what an earlier version stored as it is.

    Raises:
        KeyGone: the key that others are sealed with is away.
    """
    whose = (
        (user, user.c.totp_secret, user.c.name, of_user),
        (webhook, webhook.c.secret, webhook.c.url, of_webhook),
    )
    with store.writing() as connection:
        for table, column, name, of in whose:
            rows = connection.execute(select(table.c.id, name, column).where(column.is_not(None))).all()
            for number, named, secret in rows:
                if not is_sealed(secret):
                    told = {column.name: sealed(connection, store, secret, of(named))}
                    connection.execute(update(table).where(table.c.id == number).values(**told))
