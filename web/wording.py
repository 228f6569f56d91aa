"""How values are worded on pages: Jinja filters, names of verdicts and roles, texts of error pages."""

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from flask import Flask

from audit.interactions import Channel, Role, clock
from audit.judge import Verdict
from audit.outcomes import Evidence
from audit.quantities import show
from audit.score import Score, show_sum
from audit.terminal import UNSURE
from models.errors import ComportError
from web.playback import codec_name

VERDICTS = {
    Verdict.MET: "Met",
    Verdict.MISSED: "Missed",
    Verdict.NO_OPPORTUNITY: "No opportunity",
    Verdict.CANNOT_TELL: "Cannot tell",
}

ROLES = {
    Role.AGENT: "Agent",
    Role.CUSTOMER: "Customer",
    Role.BOT: "Bot",
    Role.OTHER: "Other",
    Role.ANYONE: "Anyone",
}

CHANNELS = {
    Channel.CALL: "Call",
    Channel.VIDEO: "Video call",
    Channel.IN_PERSON: "In person",
    Channel.CHAT: "Chat",
    Channel.EMAIL: "E-mail",
    Channel.SOCIAL: "Social",
}

ERRORS = {
    HTTPStatus.BAD_REQUEST: ("This request could not be read", "Go back, open the page again and retry."),
    HTTPStatus.FORBIDDEN: ("This is not open to you", "Ask whoever runs the dashboard for access."),
    HTTPStatus.NOT_FOUND: ("There is nothing here", "The address may be mistyped, or it was removed."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("This cannot be done here", "Go back and use the page's own buttons."),
    HTTPStatus.CONFLICT: (
        "Somebody else was faster",
        "Go back, look at what they said, and say yours again.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("That is too much at once", "Send less and try again."),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "This cannot be taken",
        "Check what was sent, or the recording, and try again.",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many tries", "Wait a quarter of an hour, then try again."),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "The database does not answer",
        "Nothing is lost. Try again in a minute; if it stays away, tell whoever runs the dashboard.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something went wrong on our side",
        "Nothing was changed. The server's log says what happened.",
    ),
}
"""Status → (title, what to do)."""

_BUNDLE = "dist/interaction.js"


def register(app: Flask) -> None:
    """Makes the filters and names known to every template."""
    built = Path(app.static_folder or "") / _BUNDLE
    app.add_template_filter(clock)
    app.add_template_filter(day)
    app.add_template_filter(show_value)
    app.add_template_filter(last_line)
    app.add_template_filter(titles)
    app.add_template_filter(codec_name)
    app.add_template_filter(number)
    app.add_template_global(VERDICTS, "VERDICTS")  # type: ignore[arg-type]
    app.add_template_global(ROLES, "ROLES")  # type: ignore[arg-type]
    app.add_template_global(CHANNELS, "CHANNELS")  # type: ignore[arg-type]
    app.add_template_global(UNSURE, "UNSURE")  # type: ignore[arg-type]
    app.context_processor(lambda: {"bundle": _BUNDLE if built.is_file() else ""})


def number(value: float | None, decimals: int = 1) -> str:
    """A number as pages show it, an en dash when there is none."""
    return "–" if value is None else f"{value:.{decimals}f}"


def day(at: datetime | str) -> str:
    """A day and minute in UTC, as `2026-03-02 09:15 UTC`: the store keeps no other zone."""
    exact = datetime.fromisoformat(at) if isinstance(at, str) else at
    return exact.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def titles(standards: Iterable[str], score: Score) -> str:
    """The titles of standards, given by their ids, as `“Greets”, “Thanks”`."""
    known = {line.standard: line.title for section in score.sections for line in section.lines}
    return ", ".join(f"“{known[standard]}”" for standard in standards)


def last_line(score: Score) -> str:
    """The last line of the sum in words, with standards by their titles."""
    if score.score is None or not score.zeroed_by:
        return show_sum(score)
    verb = "was" if len(score.zeroed_by) == 1 else "were"
    return f"0, because {titles(score.zeroed_by, score)} (critical for the form) {verb} missed"


def told(error: ComportError) -> str:
    """An error on one line, its files by their names alone: their folders are the server's own matter."""
    text = str(error)
    for field in error.args:
        path = Path(field.rpartition("://")[2]) if isinstance(field, str) else Path()
        if path.is_absolute():
            text = text.replace(str(field), path.name)
    return " ".join(text.split())


def show_value(evidence: Evidence) -> str:
    """A measured value with its unit, empty when the evidence is words."""
    return "" if evidence.value is None else show(evidence.value, evidence.unit)
