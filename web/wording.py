"""How values are worded on pages: Jinja filters, names of verdicts and roles, texts of error pages."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from babel.dates import format_timedelta
from flask import Flask, url_for
from flask_babel import lazy_gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from audit import interactions
from audit.auditlog import Action
from audit.batch.driver import Busy
from audit.batch.ledger import RunState
from audit.calibrating import CalibrationClosed, CalibrationOpen
from audit.camera_files import CameraChanged
from audit.copies import CopyUnready
from audit.holds import Held
from audit.identities import State
from audit.interactions import Channel, Role
from audit.intervals import Compared, Interval
from audit.judge import Verdict
from audit.merging import PairChanged
from audit.outcomes import Evidence
from audit.proposals import DecidedBefore, ProposalKind, Resolution
from audit.quantities import show
from audit.scope import UserRole
from audit.score import Score, show_sum
from audit.terminal import UNSURE
from audit.tokens import TokenScope
from models.errors import ComportError
from web.charts import scale_of, scale_of_weeks, spread_of
from web.languages import date, day, figures, gettext, language, ngettext, number, percent, plain, short_day
from web.playback import codec_name
from web.reasons import measured, reason

VERDICTS = {
    Verdict.MET: _("Met"),
    Verdict.MISSED: _("Missed"),
    Verdict.NO_OPPORTUNITY: _("No opportunity"),
    Verdict.CANNOT_TELL: _("Cannot tell"),
}

ROLES = {
    Role.AGENT: _("Agent"),
    Role.CUSTOMER: _("Customer"),
    Role.BOT: _("Bot"),
    Role.OTHER: _("Other"),
    Role.ANYONE: _("Anyone"),
}

USER_ROLES = {
    UserRole.ADMIN: _("Admin"),
    UserRole.REVIEWER: _("Reviewer"),
    UserRole.TRAINER: _("Trainer"),
    UserRole.LEAD: _("Team lead"),
    UserRole.AGENT: _("Agent"),
    UserRole.AUDITOR: _("Auditor"),
}

TOKEN_SCOPES = {
    TokenScope.READ: _("facts, scores and findings; words without personal data"),
    TokenScope.REVIEW: _("words and sound as they are, who customers are; to say what holds"),
    TokenScope.UPLOAD: _("to bring in recordings and to begin batches"),
    TokenScope.ADMIN: _("accounts, tokens, cameras, keep times, holds, erasures"),
}

ACTIONS = {
    Action.VIEW: _("opened"),
    Action.PLAY: _("played"),
    Action.LOG_IN: _("logged in"),
    Action.LOG_IN_REFUSED: _("login refused"),
    Action.LOG_OUT: _("logged out"),
    Action.REFUSED: _("was refused"),
    Action.REVIEW: _("reviewed"),
    Action.RELEASE: _("released"),
    Action.ASSIGNED: _("assigned"),
    Action.WITHDRAWN: _("took a release back"),
    Action.REPLY: _("replied"),
    Action.PROPOSED: _("proposed something about a standard"),
    Action.DECIDED: _("decided on a proposal"),
    Action.CALIBRATION_BEGUN: _("began a calibration"),
    Action.CALIBRATION_SAID: _("judged in a calibration"),
    Action.CALIBRATION_CLOSED: _("closed a calibration"),
    Action.TOKEN_ADDED: _("made a token"),
    Action.TOKEN_REVOKED: _("revoked a token"),
    Action.UPLOAD: _("brought in a file"),
    Action.BATCH: _("began or stopped a batch"),
    Action.USER_ADDED: _("added an account"),
    Action.USER_REMOVED: _("removed an account"),
    Action.ROLE: _("gave a role"),
    Action.PASSWORD: _("changed a password"),
    Action.EMAIL: _("gave an e-mail address"),
    Action.LOCKED: _("locked an account"),
    Action.UNLOCKED: _("unlocked an account"),
    Action.SECOND_FACTOR_ON: _("turned a second factor on"),
    Action.SECOND_FACTOR_OFF: _("turned a second factor off"),
    Action.RECOVERY_CODE: _("used a recovery code"),
    Action.IDENTITY: _("joined an identity"),
    Action.EXPORT: _("exported"),
    Action.HOLD: _("changed a legal hold"),
    Action.KEEP_TIMES: _("changed keep times"),
    Action.CAMERA: _("changed a camera"),
    Action.PEOPLE_JOINED: _("joined two people"),
    Action.PEOPLE_PARTED: _("kept two people apart"),
    Action.ERASE: _("erased"),
    Action.VERIFIED: _("verified the log"),
    Action.COMMAND: _("ran a command"),
    Action.CHANGE: _("changed"),
}

CHANNELS = {
    Channel.CALL: _("Call"),
    Channel.VIDEO: _("Video call"),
    Channel.IN_PERSON: _("In person"),
    Channel.CHAT: _("Chat"),
    Channel.EMAIL: _("E-mail"),
    Channel.SOCIAL: _("Social"),
}

CHANNEL_ICONS = {
    Channel.CALL: "phone",
    Channel.VIDEO: "video",
    Channel.IN_PERSON: "store",
    Channel.CHAT: "message-square",
    Channel.EMAIL: "mail",
    Channel.SOCIAL: "at-sign",
}

_MIRRORED = frozenset({"arrow-right", "log-out", "messages-square", "send", "undo-2"})
"""Icons that point to where one reads on: they turn round where that is to the left."""

KEPT = {
    "media": _("Recordings"),
    "transcripts": _("Words"),
    "observations": _("Observations"),
    "scorecards": _("Scorecards, and all else"),
}

ZONES = {
    "counter": _("Staff side of the counter"),
    "entrance": _("Entrance"),
}

ERRORS = {
    HTTPStatus.BAD_REQUEST: (
        _("This request could not be read"),
        _("Go back, open the page again and retry."),
    ),
    HTTPStatus.FORBIDDEN: (_("This is not open to you"), _("Ask whoever runs the dashboard for access.")),
    HTTPStatus.NOT_FOUND: (_("There is nothing here"), _("The address may be mistyped, or it was removed.")),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        _("This cannot be done here"),
        _("Go back and use the page's own buttons."),
    ),
    HTTPStatus.CONFLICT: (
        _("Somebody else was faster"),
        _("Go back, look at what they said, and say yours again."),
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (_("That is too much at once"), _("Send less and try again.")),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        _("This cannot be taken"),
        _("Check what was sent, or the recording, and try again."),
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (_("Too many tries"), _("Wait a quarter of an hour, then try again.")),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        _("The database does not answer"),
        _("Nothing is lost. Try again in a minute; if it stays away, tell whoever runs the dashboard."),
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        _("Something went wrong on our side"),
        _("Nothing was changed. The server's log says what happened."),
    ),
}
"""Status → (title, what to do)."""

FORMATS = {
    "csv": _("CSV, for spreadsheets"),
    "json": _("JSON, a line for each scorecard"),
    "parquet": _("Parquet, for data tools"),
    "vcon": _("vCon, with the words"),
}

CONFLICTS: dict[type[Exception], tuple[Any, Any]] = {
    Held: (_("It is held, so nothing was erased"), _("Lift the legal hold first, if that may be.")),
    Busy: (_("It is being worked on"), _("Wait until it is over, or cancel it first.")),
    DecidedBefore: (
        _("Somebody decided on it already"),
        _("Open the standard again to read what was said."),
    ),
    PairChanged: (_("They were changed meanwhile"), _("Look at both again, then decide.")),
    CalibrationClosed: (_("It is closed"), _("Open it again: it shows what everybody said.")),
    CalibrationOpen: (_("It is not closed yet"), _("Wait until everybody is done or it is closed.")),
    CameraChanged: (_("The camera was changed meanwhile"), _("Open it again and draw yours anew.")),
    CopyUnready: (_("The copy that is played is being made"), _("Open it again in some seconds.")),
}
"""What else than a review somebody was too late for → (title, what to do)."""

RUN_STATES = {
    RunState.RUNNING: _("running"),
    RunState.INTERRUPTED: _("interrupted"),
    RunState.CANCELLED: _("cancelled"),
    RunState.FINISHED: _("finished"),
}

IDENTITIES = {
    "crm": _("customer number"),
    "employee": _("employee number"),
    "email": _("e-mail"),
    "phone": _("telephone"),
    "name": _("name"),
}
"""Kinds of identities; what is known from one interaction alone has no name."""

LINK_STATES = {
    State.PROPOSED: _("proposed"),
    State.JOINED: _("joined"),
    State.REFUSED: _("kept apart"),
}

PROPOSALS = {
    ProposalKind.CHANGE: _("Change"),
    ProposalKind.REPEAL: _("Repeal"),
    ProposalKind.NEW: _("New standard"),
}

OUTCOMES = {
    Resolution.ADOPTED: _("Adopted"),
    Resolution.DECLINED: _("Declined"),
}

AGAIN = {
    "address": _("the address"),
    "email": _("the e-mail address"),
    "name": _("the name"),
    "number": _("the number of an order or contract"),
    "problem": _("the problem"),
    "callback": _("a call back"),
    "delivery": _("the delivery"),
    "price": _("the price"),
    "refund": _("the refund"),
    "visit": _("a visit"),
}
"""What is asked for or told, by its name in the phrase book (`audit/again.yaml`)."""

_ICONS = "dist/icons.svg"
_BUILT = {
    "bundle": "dist/interaction.js",
    "pages_script": "dist/pages.js",
    "list_script": "dist/list.js",
    "progress_script": "dist/progress.js",
    "zones_script": "dist/zones.js",
    "charts_script": "dist/charts.js",
    "proposals_script": "dist/proposals.js",
    "notices": "dist/NOTICES.txt",
}
"""What `make web` builds, by the name that templates know it by; empty there where it was not built."""


def register(app: Flask) -> None:
    """Makes the filters and names known to every template."""
    static = Path(app.static_folder or "")
    app.add_template_filter(clock)
    app.add_template_filter(day)
    app.add_template_filter(show_value)
    app.add_template_filter(last_line)
    app.add_template_filter(titles)
    app.add_template_filter(codec_name)
    app.add_template_filter(number)
    app.add_template_filter(plain)
    app.add_template_filter(percent)
    app.add_template_filter(bdi)
    app.add_template_filter(lasting)
    app.add_template_filter(date)
    app.add_template_filter(signed)
    app.add_template_filter(iso_day)
    app.add_template_filter(short_day)
    app.add_template_filter(without)
    app.add_template_filter(reason)
    app.add_template_filter(lambda rows: scale_of(*_spans(rows)), "scale")
    app.add_template_filter(scale_of_weeks)
    app.add_template_filter(spread_of, "spread")
    app.add_template_global(timedelta(days=6), "one_week")  # type: ignore[arg-type]
    app.add_template_global(VERDICTS, "VERDICTS")  # type: ignore[arg-type]
    app.add_template_global(ROLES, "ROLES")  # type: ignore[arg-type]
    app.add_template_global(USER_ROLES, "USER_ROLES")  # type: ignore[arg-type]
    app.add_template_global(TOKEN_SCOPES, "TOKEN_SCOPES")  # type: ignore[arg-type]
    app.add_template_global(ACTIONS, "ACTIONS")  # type: ignore[arg-type]
    app.add_template_global(CHANNEL_ICONS, "CHANNEL_ICONS")  # type: ignore[arg-type]
    app.add_template_global(IDENTITIES, "IDENTITIES")  # type: ignore[arg-type]
    app.add_template_global(LINK_STATES, "LINK_STATES")  # type: ignore[arg-type]
    app.add_template_global(PROPOSALS, "PROPOSALS")  # type: ignore[arg-type]
    app.add_template_global(OUTCOMES, "OUTCOMES")  # type: ignore[arg-type]
    app.add_template_global(CHANNELS, "CHANNELS")  # type: ignore[arg-type]
    app.add_template_global(UNSURE, "UNSURE")  # type: ignore[arg-type]
    app.add_template_global(FORMATS, "FORMATS")  # type: ignore[arg-type]
    app.add_template_global(AGAIN, "AGAIN")  # type: ignore[arg-type]
    app.add_template_global(KEPT, "KEPT")  # type: ignore[arg-type]
    app.add_template_global(ZONES, "ZONES")  # type: ignore[arg-type]
    app.add_template_global(RUN_STATES, "RUN_STATES")  # type: ignore[arg-type]
    app.add_template_global(csrf_field)
    drawn = icon if (static / _ICONS).is_file() else _no_icon
    app.add_template_global(drawn, "icon")
    app.add_template_global(
        lambda one: Markup("{}{}").format(drawn(CHANNEL_ICONS[one]), CHANNELS[one]), "channel"
    )
    app.context_processor(
        lambda: {name: file if (static / file).is_file() else "" for name, file in _BUILT.items()}
    )


def csrf_field() -> Markup:
    """What shows that a form was sent from a page of this dashboard."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def icon(name: str) -> Markup:
    """A drawing beside a word (one of web/ui/icons.json): whoever hears the page hears the word alone."""
    drawn = Markup('<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>')
    classes = "icon mirrored" if name in _MIRRORED else "icon"
    return drawn.format(classes, url_for("static", filename=_ICONS), name)


def _no_icon(name: str) -> Markup:
    return Markup("")


def clock(time_s: float) -> str:
    """A time as people read it on a player: `1:07` or `1:02:05`."""
    return figures(interactions.clock(time_s))


def lasting(seconds: float) -> str:
    """So long: `40 seconds`, `3 days`, in the language of the page."""
    return figures(format_timedelta(timedelta(seconds=seconds), locale=language()))


def iso_day(at: datetime) -> str:
    """A day as the list is asked for it."""
    return at.strftime("%Y-%m-%d")


def signed(value: float) -> str:
    """A difference with its sign: `+1.2`, `−0.4`."""
    written = number(abs(value))
    return f"{'+' if value >= 0 else '−'}{written}"


def without(values: dict[str, object], name: str) -> dict[str, object]:
    """All values but the one of this name."""
    return {key: value for key, value in values.items() if key != name}


def _spans(rows: Sequence[Compared]) -> tuple[list[float], list[Interval | None]]:
    means = [side.mean for row in rows for side in (row.now, row.before) if side.mean is not None]
    return means, [row.interval for row in rows]


def bdi(text: str) -> Markup:
    """A name or words of any script within a sentence: its direction stays its own."""
    return Markup("<bdi>{}</bdi>").format(text)


def titles(standards: Iterable[str], score: Score) -> str:
    """The titles of standards, given by their ids, as `“Greets”, “Thanks”`."""
    known = {line.standard: line.title for section in score.sections for line in section.lines}
    return ", ".join(f"“{known[standard]}”" for standard in standards)


def last_line(score: Score) -> str | Markup:
    """The last line of the sum in words, with standards by their titles."""
    if score.score is None or not score.zeroed_by:
        return _sum(score)
    return ngettext(
        "0, because %(titles)s (critical for the form) was missed",
        "0, because %(titles)s (critical for the form) were missed",
        len(score.zeroed_by),
        titles=titles(score.zeroed_by, score),
    )


def _sum(score: Score) -> str | Markup:
    """The sum in the figures of the page's language; it is read from the left in all of them."""
    if score.score is None:
        return gettext("nothing could be assessed")
    written = figures(show_sum(score))
    written = written.replace("bonus", gettext("bonus"))
    written = written.replace(f"capped at {figures(100)}", gettext("capped at 100"))
    return Markup('<bdi dir="ltr">{}</bdi>').format(written)


def told(error: ComportError) -> str:
    """An error on one line, its files by their names alone: their folders are the server's own matter."""
    text = str(error)
    for field in error.args:
        path = Path(field.rpartition("://")[2]) if isinstance(field, str) else Path()
        if path.is_absolute():
            text = text.replace(str(field), path.name)
    return " ".join(text.split())


def show_value(evidence: Evidence) -> str:
    """A measured value with its unit in the language of the page, empty when the evidence is words."""
    return "" if evidence.value is None else measured(show(evidence.value, evidence.unit))
