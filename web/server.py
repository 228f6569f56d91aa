"""Starts the dashboard on a production server."""

import errno
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.console import err, query_limit, store_of
from audit.provider import load_provider
from audit.scope import UserRole
from audit.user_commands import ROLES
from audit.users import user_names
from models.errors import ComportError

if TYPE_CHECKING:
    from flask import Flask
    from waitress.server import BaseWSGIServer, MultiSocketServer

THREADS = 8
"""Answers given at a time: a page, its media in ranges and its waveform for a few people at once."""


PAGE_PATIENCE_S = 5.0
"""So long a page waits for a database that is away: then a person reads rather why, and tries again."""


class AddressUnusable(ComportError):
    """The dashboard cannot be offered at an address."""

    def __init__(self, host: str, port: int, found: str) -> None:
        super().__init__(host, port, found)
        self.host, self.port, self.found = host, port, found

    def __str__(self) -> str:
        return self.found


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8420, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="Trust X-Forwarded-For, -Proto and -Host of one TLS proxy in front, and send cookies by TLS alone.",
)
@click.option(
    "--second-factor",
    "second_factor",
    multiple=True,
    type=click.Choice(ROLES),
    envvar="COMPORT_SECOND_FACTOR",
    help="Accounts of this role need a second factor; may be repeated.",
)
@click.option(
    "--identity-provider",
    "provider_file",
    type=click.Path(path_type=Path),
    envvar="COMPORT_IDENTITY_PROVIDER",
    help="A YAML file about the OpenID Connect provider that lets people in.",
)
@click.option(
    "--batches-from",
    "batches_from",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="COMPORT_BATCHES_FROM",
    help="A folder of which batches may be asked for; may be repeated.",
)
@query_limit
@click.pass_context
def serve(
    context: click.Context,
    host: str,
    port: int,
    behind_proxy: bool,
    second_factor: tuple[str, ...],
    provider_file: Path | None,
    batches_from: tuple[Path, ...],
    query_limit: float,
) -> None:
    """Serve the dashboard."""
    from web import create_app

    store = store_of(context)
    store.patience_s, store.limit_s = PAGE_PATIENCE_S, query_limit
    if not user_names(store):
        err.print("nobody can log in yet; run first: comport user add NAME", style="yellow", highlight=False)
    identities = load_provider(provider_file) if provider_file else None
    app = create_app(store, behind_proxy, frozenset(map(UserRole, second_factor)), identities, batches_from)
    server = open_server(app, host, port, behind_proxy)
    shown = f"[{host}]" if ":" in host else host
    err.print(f"the dashboard is at http://{shown}:{port} (Ctrl-C stops it)", markup=False, highlight=False)
    server.run()


def open_server(
    app: "Flask", host: str, port: int, behind_proxy: bool = False
) -> "BaseWSGIServer | MultiSocketServer":
    """A server that already listens at the address; its `run` answers.

    Raises:
        AddressUnusable: the address is taken, not allowed, or none of this machine.
    """
    from waitress.server import create_server

    try:
        return create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            # The headers of a proxy are read by the application; from anybody else they are taken away.
            clear_untrusted_proxy_headers=not behind_proxy,
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            found = f"port {port} is in use; choose another with --port"
        elif error.errno in (errno.EACCES, errno.EPERM):
            found = f"port {port} may not be opened by this account; choose one above 1023 with --port"
        else:
            found = (
                f"cannot listen at {host}: {error.strerror}; choose an address of this machine with --host"
            )
        raise AddressUnusable(host, port, found) from error
    except ValueError as error:
        found = f"'{host}' is no address; choose one of this machine with --host"
        raise AddressUnusable(host, port, found) from error
