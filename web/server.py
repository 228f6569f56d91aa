"""Starts the dashboard on a production server."""

import click

from audit.console import err, store_of
from audit.users import user_names


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8420, show_default=True)
@click.pass_context
def serve(context: click.Context, host: str, port: int) -> None:
    """Serve the dashboard."""
    import waitress

    from web import create_app

    store = store_of(context)
    if not user_names(store):
        err.print("nobody can log in yet; run first: comport user add NAME", style="yellow", highlight=False)
    app = create_app(store)
    err.print(f"the dashboard is at http://{host}:{port} (Ctrl-C stops it)", highlight=False)
    waitress.serve(app, host=host, port=port, threads=8, ident=None)
