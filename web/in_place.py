"""Parts of pages that change in place: htmx asks for them, and says so in a header."""

from http import HTTPStatus

from flask import Response, g, request


def in_place() -> bool:
    """Whether the answer goes into an open page instead of becoming one; it then says that it differs."""
    g.in_place = True
    return request.headers.get("HX-Request") == "true"


def vary(response: Response) -> Response:
    """Has nobody take an answer that goes into a page for the page itself."""
    if "in_place" in g:
        response.vary.add("HX-Request")
    return response


def open_anew() -> Response:
    """Has an open page loaded anew: the way to the login, or to a second factor, is a page of its own."""
    return Response(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Refresh": "true"})
