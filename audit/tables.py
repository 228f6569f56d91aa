"""The tables, as the newest migration leaves them. A change here needs a migration in the same commit."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
)

from audit.tablebase import SHA256 as _SHA256
from audit.tablebase import UtcTime as UtcTime  # noqa: PLC0414
from audit.tablebase import metadata as metadata  # noqa: PLC0414
from audit.tables_access import assignment as assignment  # noqa: PLC0414
from audit.tables_access import begun as begun  # noqa: PLC0414
from audit.tables_access import login as login  # noqa: PLC0414
from audit.tables_access import mail_message as mail_message  # noqa: PLC0414
from audit.tables_access import tried as tried  # noqa: PLC0414
from audit.tables_calibrating import calibration as calibration  # noqa: PLC0414
from audit.tables_calibrating import calibration_person as calibration_person  # noqa: PLC0414
from audit.tables_calibrating import calibration_word as calibration_word  # noqa: PLC0414
from audit.tables_leaving import erasure as erasure  # noqa: PLC0414
from audit.tables_leaving import export as export  # noqa: PLC0414
from audit.tables_leaving import export_row as export_row  # noqa: PLC0414
from audit.tables_leaving import hold as hold  # noqa: PLC0414
from audit.tables_leaving import webhook as webhook  # noqa: PLC0414
from audit.tables_leaving import webhook_message as webhook_message  # noqa: PLC0414
from audit.tables_proposals import proposal as proposal  # noqa: PLC0414
from audit.tables_proposals import proposal_decision as proposal_decision  # noqa: PLC0414
from audit.tables_sums import kept_score as kept_score  # noqa: PLC0414
from audit.tables_sums import kept_verdict as kept_verdict  # noqa: PLC0414
from audit.tables_sums import score_sum as score_sum  # noqa: PLC0414
from audit.tables_sums import stale_sum as stale_sum  # noqa: PLC0414
from audit.tables_sums import verdict_sum as verdict_sum  # noqa: PLC0414

recording = Table(
    "recording",
    metadata,
    Column("id", _SHA256, primary_key=True),
    Column("duration_s", Float, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("sample_rate_hz", Integer, nullable=False),
    Column("codec", String(40), nullable=False),
    Column("fps", Float),
    Column("width_px", Integer),
    Column("height_px", Integer),
    Column("caveat", Text, nullable=False, default=""),
)

interaction = Table(
    "interaction",
    metadata,
    Column("id", _SHA256, primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("title", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("recording_id", ForeignKey("recording.id"), nullable=False, index=True),
    Column("started_at", UtcTime),
    Column("agent", Text),
    Column("customer", Text),
    Column("branch", Text),
    Column("language", String(20)),
    Column("roles", Text, nullable=False),
    Column("missing", Text, nullable=False),
    Column("team", Text),
    Column("time_zone", String(60)),
    Column("parties", Text, nullable=False, server_default="[]"),
    Column("source", String(40), nullable=False, server_default=""),
    Column("source_id", Text, nullable=False, server_default=""),
    Column("added_at", UtcTime, nullable=False),
    # Whether its parties are among the people below; what an earlier version stored waits for an upgrade.
    Column("joined", Boolean, nullable=False, server_default=false()),
    Index(None, "customer", "started_at"),
    # With the id PostgreSQL need not open the row to find its scorecards.
    *(Index(None, name, "started_at", postgresql_include=["id"]) for name in ("agent", "team", "branch")),
    Index(None, "language", "channel", postgresql_include=["id"]),
    Index(None, "started_at"),
    # What outcomes name an interaction by; a title may be longer than a sorted index of PostgreSQL takes.
    *(Index(None, name, postgresql_using="hash") for name in ("source_id", "path", "title")),
)

transcript = Table(
    "transcript",
    metadata,
    # What an interaction is found by; the migration makes its full-text index, for each database another.
    Column("id", Integer, primary_key=True),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False, unique=True),
    Column("words", Text, nullable=False),
)

observation = Table(
    "observation",
    metadata,
    Column("recording_id", ForeignKey("recording.id"), primary_key=True),
    Column("provenance_digest", _SHA256, primary_key=True),
    Column("need", String(40), nullable=False),
    Column("engine", String(80), nullable=False),
    Column("file", Text, nullable=False),
    Column("made_at", UtcTime, nullable=False),
)

rubric = Table(
    "rubric",
    metadata,
    Column("digest", _SHA256, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("added_at", UtcTime, nullable=False),
)

scorecard = Table(
    "scorecard",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False),
    Column("rubric_digest", ForeignKey("rubric.digest"), nullable=False),
    Column("rubric_name", String(80), nullable=False),
    Column("digest", _SHA256, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("score", Float),
    Column("assessed_share", Float, nullable=False),
    Column("critical_misses", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("judged_at", UtcTime, nullable=False),
    # What stands with people's verdicts: the score, findings that wait for a person, and reviewed ones.
    Column("standing_score", Float),
    Column("waiting", Integer, nullable=False, server_default="0"),
    Column("reviewed", Integer, nullable=False, server_default="0"),
    # The verdicts that stand, as words: ` greet:met met hold:missed missed `.
    Column("verdicts", Text, nullable=False, server_default=""),
    UniqueConstraint("interaction_id", "digest"),
    Index(None, "interaction_id", "rubric_name"),
)
for _columns in (("judged_at", "id"), ("rubric_name", "judged_at", "id"), ("standing_score",)):
    _current = scorecard.c.current
    Index(None, *(scorecard.c[n] for n in _columns), postgresql_where=_current, sqlite_where=_current)
# What waits for a person, in the order in which it is reviewed.
_waiting = and_(_current, scorecard.c.waiting > 0)
Index("ix_scorecard_queue", scorecard.c.id, postgresql_where=_waiting, sqlite_where=_waiting)

review = Table(
    "review",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False),
    Column("rubric_name", String(80), nullable=False),
    Column("rubric_digest", ForeignKey("rubric.digest"), nullable=False),
    Column("standard", String(80), nullable=False),
    Column("standard_digest", _SHA256, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("machine", String(20), nullable=False),
    Column("comment", Text, nullable=False),
    Column("reviewer", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "interaction_id", "rubric_name"),
    Index(None, "rubric_name", "standard"),
)

batch_run = Table(
    "batch_run",
    metadata,
    Column("id", Integer, primary_key=True),
    # What was asked for, as JSON; the same again is the same run, as long as it is not over.
    Column("sources", Text, nullable=False),
    Column("rubrics", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
)

batch_item = Table(
    "batch_item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("batch_run.id"), nullable=False),
    Column("location", Text, nullable=False),
    # Of its place, size and time: tells without opening it whether it is still the file that was audited.
    Column("stamp", _SHA256, nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("worker", String(200), nullable=False, server_default=""),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Index(None, "run_id", "state"),
)

# What became of each interaction of a file: its scorecards, or a reason. No foreign key: what a batch
# did stays true when the interaction is erased.
batch_result = Table(
    "batch_result",
    metadata,
    Column("item_id", ForeignKey("batch_item.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("interaction_id", _SHA256),
    Column("reason", Text, nullable=False, server_default=""),
)

original = Table(
    "original",
    metadata,
    Column("interaction_id", ForeignKey("interaction.id"), primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("added_at", UtcTime, nullable=False),
)

intake_run = Table(
    "intake_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    # What was taken, known and refused, as JSON.
    Column("report", Text, nullable=False),
)

user = Table(
    "user_account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    # Empty for whoever only comes from an identity provider.
    Column("password_hash", Text, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("role", String(20), nullable=False, server_default="admin"),
    # Whose interactions they see: a lead those of a team, an agent those of an employee of this name.
    Column("team", Text, nullable=False, server_default=""),
    Column("employee", Text, nullable=False, server_default=""),
    # By what an identity provider knows them; the subject with its issuer.
    Column("email", String(320), index=True, unique=True),
    # Its owner gave it: an identity provider's word about it is none about this account.
    Column("email_own", Boolean, nullable=False, server_default=false()),
    Column("subject", Text, unique=True, index=True),
    # Password, role or second factor were changed then: sessions from before are over.
    Column("changed_at", UtcTime),
    Column("locked_at", UtcTime),
    # Sealed (`audit/sealing.py`).
    Column("totp_secret", Text),
    # The time step of the last code that was taken: none is taken twice.
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    # SHA-256 of each recovery code that is left, as JSON.
    Column("recovery", Text, nullable=False, server_default="[]"),
    # Of what they are told by e-mail, as a JSON list, and in which language.
    Column("notify", Text, nullable=False, server_default="[]"),
    Column("language", String(20), nullable=False, server_default=""),
)

# A scorecard that its agent may see; what it was when it was released.
release = Table(
    "release",
    metadata,
    Column("interaction_id", ForeignKey("interaction.id"), primary_key=True),
    Column("rubric_name", String(80), primary_key=True),
    Column("rubric_digest", ForeignKey("rubric.digest"), nullable=False),
    Column("score", Float),
    Column("released_by", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
)

# What an agent says of a released scorecard.
reply = Table(
    "reply",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False),
    Column("rubric_name", String(80), nullable=False),
    # Empty when it is about the whole.
    Column("standard", String(80), nullable=False),
    Column("disputes", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "interaction_id", "rubric_name"),
)

# The migration makes triggers that forbid to change or remove a row. No foreign keys: what happened stays
# true when what it happened to is erased.
audit_log = Table(
    "audit_log",
    metadata,
    # Counted by the writer: a missing number is a removed row.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    # Microseconds since 1970 UTC: one way to write it, whatever the database.
    Column("at_us", BigInteger, nullable=False),
    Column("who", String(120), nullable=False),
    Column("origin", String(120), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    # SHA-256 over the digest of the row before and all of this one.
    Column("digest", _SHA256, nullable=False),
    Index(None, "who", "id"),
    Index(None, "subject", "id"),
    Index(None, "action", "id"),
)

# One identity of somebody: an e-mail address, a telephone number, an id, or (where there is none) one
# interaction. Identities that belong together have the same root, the lowest id among them.
person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("role", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("value", Text, nullable=False),
    Column("root_id", Integer, nullable=False, index=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("name_key", Text, nullable=False, server_default=""),
    UniqueConstraint("role", "kind", "value"),
    Index(None, "role", "name_key"),
)

# Which identities an interaction names; `main` is the strongest one of each party.
taking_part = Table(
    "taking_part",
    metadata,
    Column("interaction_id", ForeignKey("interaction.id"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True, index=True),
    Column("main", Boolean, nullable=False),
)

# That two identities are one person's: joined, proposed or refused.
person_link = Table(
    "person_link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("one_id", ForeignKey("person.id"), nullable=False),
    Column("other_id", ForeignKey("person.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    # What speaks for it, and against it, as a JSON list of sentences.
    Column("evidence", Text, nullable=False),
    UniqueConstraint("one_id", "other_id"),
    Index(None, "state"),
)

person_decision = Table(
    "person_decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("link_id", ForeignKey("person_link.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("decided_by", String(80), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)

# Numbers of orders, contracts, cases that are said in an interaction: what tells that two are about the same.
mention = Table(
    "mention",
    metadata,
    Column("interaction_id", ForeignKey("interaction.id"), primary_key=True),
    Column("value", String(40), primary_key=True, index=True),
)

# What became of an interaction in the company's own books: satisfaction, repeat contact, sale.
outcome = Table(
    "outcome",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interaction_id", ForeignKey("interaction.id"), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("value", Float, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    UniqueConstraint("interaction_id", "kind", "at"),
    Index(None, "kind"),
)

saved_search = Table(
    "saved_search",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("name", String(80), nullable=False),
    # What is wanted, as JSON.
    Column("wanted", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    # The team that sees it, too; empty: everybody who may compare; NULL: its owner alone.
    Column("shared_with", String(200)),
    UniqueConstraint("owner", "name"),
)

# What a program sends to use the interface: its SHA-256, never itself.
token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), nullable=False, index=True),
    Column("digest", _SHA256, nullable=False, unique=True),
    Column("purpose", String(80), nullable=False),
    Column("scopes", String(80), nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
)

# A file that somebody brought in; it lies under this id in the home folder.
upload = Table(
    "upload",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(80), nullable=False),
    # By which a program asks for the same upload again, and what it had asked for.
    Column("key", String(200)),
    Column("asked", _SHA256, nullable=False),
    Column("file", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("rubrics", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("done_s", Float, nullable=False, server_default="0"),
    Column("all_s", Float, nullable=False, server_default="0"),
    # Ids of what was in it, and what could not be taken, as JSON.
    Column("interactions", Text, nullable=False, server_default="[]"),
    Column("reasons", Text, nullable=False, server_default="[]"),
    Column("added_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    UniqueConstraint("owner", "key"),
    Index(None, "state", "added_at"),
)
