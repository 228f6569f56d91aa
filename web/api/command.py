"""`comport api`: the interface for programs, described."""

import json

import click


@click.group()
def api() -> None:
    """The interface for programs."""


@api.command("openapi")
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the interface."""
    from web.api import whole

    click.echo(json.dumps(whole(), indent=2))
