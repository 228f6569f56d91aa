"""E-mails, chats and tickets of other systems: what is taken of each, and what is refused."""

import json
import time
import tracemalloc

import pytest

from audit.arrivals import Arrival, Rejected, e164
from audit.intake import arrivals, find_files, take_in
from audit.interactions import Channel, Role
from audit.mail import new_text, of_html

ROLES = (
    "roles: {'@northwind.example': agent, laura@example.org: customer, Laura: customer, Sara Lind: agent}\n"
)


def eml(number, sender, text, at="Thu, 5 Mar 2026 14:2{}:00 +0100", before="", **headers):
    lines = {
        "From": sender,
        "To": "Northwind <help@northwind.example>",
        "Date": at.format(number),
        "Subject": "Re: Parcel" if before else "Parcel",
        "Message-ID": f"<{number}@x>",
        **({"References": before, "In-Reply-To": before.split()[-1]} if before else {}),
        **headers,
    }
    return "\n".join(f"{k.replace('_', '-')}: {v}" for k, v in lines.items()) + f"\n\n{text}\n"


LAURA, SARA = "Laura Brown <laura@example.org>", '"Sara Lind" <sara@northwind.example>'


def mbox(tmp_path, *mails):
    path = tmp_path / "inbox.mbox"
    path.write_text("".join(f"From x Thu Mar  5 14:20:00 2026\n{m}\n" for m in mails), "utf-8")
    (tmp_path / "inbox.meta.yaml").write_text(ROLES)
    return path


def test_the_mails_of_a_thread_are_one_interaction_and_quote_nothing(tmp_path):
    path = mbox(
        tmp_path,
        eml(3, SARA, "It left today.\n\nBest regards\nSara\n-- \nNorthwind Ltd", before="<1@x> <2@x>"),
        eml(1, LAURA, "Where is it?"),
        eml(9, LAURA, "Another matter."),
        eml(2, "auto@northwind.example", "We got it.", before="<1@x>", Auto_Submitted="auto-replied"),
    )
    first, second = arrivals(path)
    assert [(u.speaker, u.span.start_s, u.text) for u in first.observations.utterances] == [
        ("Laura Brown", 0.0, "Where is it?"),
        ("auto@northwind.example", 60.0, "We got it."),
        ("Sara Lind", 120.0, "It left today. Best regards Sara"),
    ]
    about = first.interaction
    assert (about.channel, about.title, about.source, about.source_id) == (
        Channel.EMAIL,
        "Parcel",
        "e-mail",
        "<1@x>",
    )
    assert (about.agent, about.customer, about.started_at) == (
        "Sara Lind",
        "Laura Brown",
        "2026-03-05T14:21:00+01:00",
    )
    assert dict(about.roles)["auto@northwind.example"] == Role.BOT
    assert {(p.role, p.email) for p in about.parties} >= {
        (Role.CUSTOMER, "laura@example.org"),
        (Role.AGENT, "sara@northwind.example"),
    }
    assert [u.text for u in second.observations.utterances] == ["Another matter."]


def test_who_writes_to_a_known_agent_is_the_customer_by_their_address(tmp_path):
    path = mbox(tmp_path, eml(1, LAURA, "Where is it?"), eml(3, SARA, "It left today.", before="<1@x>"))
    (tmp_path / "inbox.meta.yaml").write_text("roles: {'@northwind.example': agent}\n")
    about = take_in(path).interaction
    assert (about.agent, about.customer) == ("Sara Lind", "Laura Brown")
    assert {(p.role, p.email) for p in about.parties} == {
        (Role.CUSTOMER, "laura@example.org"),
        (Role.AGENT, "sara@northwind.example"),
        (Role.AGENT, "help@northwind.example"),
    }
    (tmp_path / "inbox.meta.yaml").write_text("{}\n")
    assert {p.role for p in take_in(path).interaction.parties} == {None}


def test_threads_that_a_later_mail_joins_become_one(tmp_path):
    path = mbox(
        tmp_path, eml(1, LAURA, "One."), eml(2, LAURA, "Two."), eml(3, SARA, "Both.", before="<1@x> <2@x>")
    )
    (came,) = arrivals(path)
    assert [u.text for u in came.observations.utterances] == ["One.", "Two.", "Both."]


def test_a_mail_twice_in_a_box_counts_once(tmp_path):
    (came,) = arrivals(mbox(tmp_path, eml(1, LAURA, "One."), eml(1, LAURA, "One.")))
    assert len(came.observations.utterances) == 1


def test_an_eml_of_html_gives_its_words(tmp_path):
    path = tmp_path / "a.eml"
    html = "<html><style>p{}</style><p>Tea &amp; cake</p><br>Bye<blockquote>old words</blockquote></html>"
    path.write_text(
        eml(1, "=?utf-8?q?M=C3=BCller?= <m@example.org>", html, Content_Type="text/html; charset=utf-8")
    )
    arrival = take_in(path)
    assert [(u.speaker, u.text) for u in arrival.observations.utterances] == [("Müller", "Tea & cake Bye")]


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Yes.\n\nOn Mon, 2 Mar 2026 at 10:00, Ugo <u@x.it> wrote:\n> when?", "Yes."),
        (
            "Sì.\n\nIl giorno lun 2 mar 2026 alle ore 10:00 Ugo Bianchi\n<u@x.it> ha scritto:\n> quando?",
            "Sì.",
        ),
        ("بله.\n\nدر تاریخ دوشنبه ۲ مارس ۲۰۲۶ ساعت ۱۰:۰۰ Ugo <u@x.it> نوشت:\n> کی؟", "بله."),
        ("Ja.\n\nAm 02.03.26 um 10:00 schrieb Ugo:\n> wann?", "Ja.\n\nAm 02.03.26 um 10:00 schrieb Ugo:"),
        ("Ja.\n\nAm 2. März 2026 um 10:00 Ugo <u@x.it> schrieb:\n> wann?", "Ja."),
        ("Yes.\n\n-----Original Message-----\nFrom: Ugo\nwhen?", "Yes."),
        ("Yes.\n\nFrom: Ugo <u@x.it>\nSent: Monday\nTo: Sara\nSubject: x\n\nwhen?", "Yes."),
        ("Sì.\n\nDa: Ugo\nInviato: lunedì\nA: Sara\nOggetto: x\n\nquando?", "Sì."),
        ("From: here it is far.\nTo: you I say it.", "From: here it is far.\nTo: you I say it."),
        ("Yes.\nSent from my iPhone", "Yes."),
        ("Sì.\nInviato da iPhone", "Sì."),
        ("Thank you.\nBest regards\nSara\n-- \nNorthwind", "Thank you.\nBest regards\nSara"),
        ("What she wrote:\nis true", "What she wrote:\nis true"),
        ("> only quoted", ""),
    ],
)
def test_what_is_new_in_a_mail(text, new):
    assert new_text(text) == new


@pytest.mark.parametrize(
    "unit", ["On a wrote ", "On a\nb wrote:\n", "> ", "From: x\n", "-- ", "_", "<div>", "On \n"]
)
def test_a_hostile_mail_takes_no_longer_than_another(unit):
    started_s = time.process_time()
    new_text(unit * 100_000)
    assert time.process_time() - started_s < 5


@pytest.mark.parametrize("unit", ["<div>", "<blockquote", "&", "<!--", "<p class=x "])
def test_html_of_any_kind_is_read_in_no_time(unit):
    started_s = time.process_time()
    of_html(unit * 100_000)
    assert time.process_time() - started_s < 5
    assert of_html("<div>" * 100_000 + "deep").strip() == "deep"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (eml(1, LAURA, "x", Date="soon"), "mail 1: no time: Date is 'soon'"),
        (eml(1, LAURA, "x", Date="Thu, 5 Mar 2199 14:20:00 +0100"), "starts in the future"),
        ("hello", "mail 1: no e-mail: it has neither From nor Date"),
        ("", "mail 1: no e-mail"),
        (eml(1, LAURA, "> quoted"), "e-mail: no messages in it"),
        (
            eml(1, LAURA, "x", To=", ".join(f"p{n}@x.org" for n in range(100_000))),
            "a header of 1388892 letters",
        ),
        (
            eml(1, LAURA, "x", To=", ".join(f"p{n}@x.org" for n in range(2000))),
            "2001 people in one conversation",
        ),
    ],
)
def test_a_bad_mail_is_rejected(tmp_path, text, says):
    path = tmp_path / "a.eml"
    path.write_text(text)
    (came,) = arrivals(path)
    with pytest.raises(Rejected, match=says):
        raise came


def test_a_mail_of_unknown_encoding_or_broken_parts_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / "a.eml"
    path.write_text(eml(1, LAURA, "good morning", Content_Type="text/plain; charset=klingon"))
    assert take_in(path).observations.utterances[0].text == "good morning"
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(2000))
    path.write_text(eml(1, LAURA, "x", Content_Type='multipart/mixed; boundary="a"') + "--a\n" + deep)
    (came,) = arrivals(path)
    assert isinstance(came, Rejected)
    assert "\n" not in came.line


WHATSAPP = {
    "android-en": "13/03/2026, 14:20 - Messages and calls are end-to-end encrypted. No one can read them.\n13/03/2026, 14:20 - Laura: Where is\nmy parcel?\n13/03/2026, 14:21 - Sara Lind: On its way: today\n13/03/2026, 14:22 - Laura: <Media omitted>\n",
    "ios-en": "[13/03/2026, 14:20:00] Laura: \u200eimage omitted\n[13/03/2026, 14:20:00] Laura: Where is my parcel?\n\u200e[13/03/2026, 14:21:00] Sara Lind: On its way: today\n",
    "us": "3/13/26, 2:20\u202fPM - Laura: Where is my parcel?\n3/13/26, 2:21\u202fPM - Sara Lind: On its way: today\n",
    "de": "13.03.26, 14:20 - Laura: Where is my parcel?\n13.03.26, 14:21 - Sara Lind: On its way: today\n",
    "it": "13/03/26, 14:20 - Laura: Where is my parcel?\n13/03/26, 14:20 - Laura: <Media omessi>\n13/03/26, 14:21 - Sara Lind: On its way: today\n",
    "fa": "\u200f۲۰۲۶/۳/۱۳،\u200f ۱۴:۲۰ - Laura: Where is my parcel?\n\u200f۲۰۲۶/۳/۱۳،\u200f ۱۴:۲۱ - Sara Lind: On its way: today\n",
    "fa-solar": "۱۴۰۴/۱۲/۲۲, ۲:۲۰ ب.ظ - Laura: Where is my parcel?\n۱۴۰۴/۱۲/۲۲, ۲:۲۱ ب.ظ - Sara Lind: On its way: today\n",
    "iso": "2026-03-13, 2:20 p.m. - Laura: Where is my parcel?\n2026-03-13, 2:21 p.m. - Sara Lind: On its way: today\n",
}


@pytest.mark.parametrize("style", WHATSAPP)
def test_whatsapp_is_read_in_every_style(tmp_path, style):
    path = tmp_path / "a.txt"
    path.write_text(WHATSAPP[style], "utf-8")
    (tmp_path / "a.meta.yaml").write_text(ROLES + "time_zone: Europe/Rome\n")
    arrival = take_in(path)
    assert [(u.speaker, u.span.start_s, u.text) for u in arrival.observations.utterances] == [
        ("Laura", 0.0, "Where is my parcel?"),
        ("Sara Lind", 60.0, "On its way: today"),
    ]
    about = arrival.interaction
    assert (about.channel, about.started_at) == (Channel.CHAT, "2026-03-13T14:20:00+01:00")
    assert dict(about.roles) == {**dict(about.roles), "Laura": Role.CUSTOMER, "Sara Lind": Role.AGENT}


def test_where_nobody_says_the_zone_the_time_is_missing(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(WHATSAPP["de"], "utf-8")
    arrival = take_in(path)
    assert arrival.interaction.started_at is None
    assert [u.span.start_s for u in arrival.observations.utterances] == [0, 60]


def test_whether_day_or_month_comes_first_is_not_guessed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("02/03/2026, 14:20 - Laura: Hello\n")
    with pytest.raises(
        Rejected,
        match=r"a\.txt:1: whether day or month comes first in 2/3/2026 cannot be told; "
        r"write where they are from into a\.meta\.yaml beside it, as country: GB",
    ):
        take_in(path)
    for country, day in (("US", "2026-02-03"), ("IT", "2026-03-02")):
        (tmp_path / "a.meta.yaml").write_text(f"time_zone: Europe/Rome\ncountry: {country}\n")
        assert take_in(path).interaction.started_at.startswith(day)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("31/02/2026, 14:20 - Laura: Hello\n", "1: there is no day 31/2/2026"),
        ("13/03/2026, 25:20 - Laura: Hello\n", "1: .* has no time of day"),
        ("13/13/2026, 14:20 - Laura: Hello\n", "there is no day|cannot be told"),
        ("13/03/2026, 14:20 - You created group\n", "no messages in it"),
        ("hello\n", r"none of the formats that end in \.txt: .*; docs/chats-and-transcripts\.md shows each"),
        (
            "".join(f"13/03/2026, 14:20 - p{n}: Hello\n" for n in range(2000)),
            "2000 people in one conversation",
        ),
        ("13/03/2199, 14:20 - Laura: Hello\n", "starts in the future, 2199-03-13T14:20:00"),
    ],
)
def test_a_bad_whatsapp_export_is_rejected(tmp_path, text, says):
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(Rejected, match=says):
        take_in(path)


def test_texts_that_are_no_chats_are_left_alone_in_a_folder(tmp_path):
    (tmp_path / "notes.txt").write_text("buy milk")
    (tmp_path / "chat.txt").write_text(WHATSAPP["de"], "utf-8")
    assert [p.name for p in find_files(tmp_path)[0]] == ["chat.txt"]


USERS = [
    {
        "id": 1,
        "name": "Laura Brown",
        "email": "Laura@Example.org",
        "phone": "+39 02 5550 1234",
        "role": "end-user",
    },
    {"id": 2, "name": "Sara Lind", "email": "sara@northwind.example", "role": "agent"},
]
TICKET = {
    "id": 35436,
    "subject": "Parcel",
    "requester_id": 1,
    "assignee_id": 2,
    "via": {"channel": "email"},
    "comments": [
        {
            "id": 7,
            "author_id": 1,
            "created_at": "2026-03-05T13:20:00Z",
            "public": True,
            "body": "Where is it?",
        },
        {
            "id": 8,
            "author_id": 2,
            "created_at": "2026-03-05T13:21:00Z",
            "public": False,
            "body": "She is angry.",
        },
        {
            "id": 9,
            "author_id": 2,
            "created_at": "2026-03-05T13:22:00Z",
            "public": True,
            "html_body": "<p>It left.</p>",
        },
    ],
}
COMMENTS = {"comments": TICKET["comments"], "users": USERS, "count": 3}


@pytest.mark.parametrize(
    ("name", "document", "source_id"),
    [
        ("a.json", {"tickets": [TICKET], "users": USERS}, "35436"),
        ("a.json", {"users": USERS, "tickets": [TICKET]}, "35436"),
        ("a.json", {"ticket": TICKET, "comments": TICKET["comments"], "users": USERS}, "35436"),
        ("a.json", [TICKET | {"requester": USERS[0], "assignee": USERS[1]}], "35436"),
        ("a.jsonl", TICKET | {"users": USERS}, "35436"),
        ("a.json", COMMENTS, ""),
    ],
)
def test_a_ticket_gives_its_public_comments(tmp_path, name, document, source_id):
    path = tmp_path / name
    path.write_text(json.dumps(document))
    arrival = take_in(path)
    assert [(u.speaker, u.span.start_s, u.text) for u in arrival.observations.utterances] == [
        ("Laura Brown", 0.0, "Where is it?"),
        ("Sara Lind", 120.0, "It left."),
    ]
    about = arrival.interaction
    assert (about.channel, about.source, about.source_id) == (Channel.EMAIL, "zendesk", source_id)
    assert (about.agent, about.customer, about.started_at) == (
        "Sara Lind",
        "Laura Brown",
        "2026-03-05T13:20:00+00:00",
    )
    assert [(p.email, p.phone, p.crm, p.employee) for p in about.parties] == [
        ("laura@example.org", "+390255501234", "1", ""),
        ("sara@northwind.example", "", "", "2"),
    ]


def test_a_comment_of_nobody_is_nobodys(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([TICKET | {"comments": [c | {"author_id": ""} for c in TICKET["comments"]]}]))
    (came,) = arrivals(path)
    assert came.interaction.roles == ()
    assert [u.text for u in came.observations.utterances] == ["Where is it?", "It left."]


INTERCOM = {
    "type": "conversation",
    "id": "1911",
    "created_at": 1772716800,
    "source": {
        "type": "conversation",
        "body": "<p>Where is it?</p>",
        "author": {"type": "user", "id": "u1", "name": "Laura Brown", "email": "laura@example.org"},
    },
    "conversation_parts": {
        "conversation_parts": [
            {
                "part_type": "comment",
                "body": "<p>I am Fin.</p>",
                "created_at": 1772716801,
                "author": {"type": "admin", "id": "9", "name": "Fin", "from_ai_agent": True},
            },
            {
                "part_type": "note",
                "body": "<p>angry</p>",
                "created_at": 1772716805,
                "author": {"type": "admin", "id": "7", "name": "Sara Lind"},
            },
            {
                "part_type": "assignment",
                "body": None,
                "created_at": 1772716806,
                "author": {"type": "bot", "id": "8"},
            },
            {
                "part_type": "comment",
                "body": "<p>It left.</p>",
                "created_at": 1772716860,
                "author": {"type": "admin", "id": "7", "name": "Sara Lind"},
            },
        ]
    },
}


def test_an_intercom_conversation_gives_its_comments_and_no_notes(tmp_path):
    path = tmp_path / "a.json"
    for document in (INTERCOM, [INTERCOM], {"type": "conversation.list", "conversations": [INTERCOM]}):
        path.write_text(json.dumps(document))
        arrival = take_in(path)
        assert [(u.speaker, u.span.start_s, u.text) for u in arrival.observations.utterances] == [
            ("Laura Brown", 0.0, "Where is it?"),
            ("Fin", 1.0, "I am Fin."),
            ("Sara Lind", 60.0, "It left."),
        ]
        about = arrival.interaction
        assert dict(about.roles) == {"Laura Brown": Role.CUSTOMER, "Fin": Role.BOT, "Sara Lind": Role.AGENT}
        assert (about.source_id, about.started_at) == ("1911", "2026-03-05T13:20:00+00:00")
        assert [(p.crm, p.employee) for p in about.parties] == [("u1", ""), ("", ""), ("", "7")]


GENESYS = {
    "conversationId": "c-1",
    "transcripts": [
        {
            "language": "it-it",
            "phrases": [
                {"participantPurpose": "internal", "text": "Buongiorno a lei", "startTimeMs": 1772716800500, "duration": {"milliseconds": 1500}, "confidence": 0.8, "words": [{"word": "Buongiorno", "startTimeMs": 1772716800500, "duration": {"milliseconds": 500}, "confidence": 0.7}]},
                {"participantPurpose": "external", "text": "Salve", "startTimeMs": 1772716802500, "duration": {"milliseconds": 500}, "confidence": 0.9},
            ],
        }
    ],
}  # fmt: skip
DETAILS = {
    "conversationId": "c-1",
    "conversationStart": "2026-03-05T13:19:00.000Z",
    "participants": [
        {
            "purpose": "customer",
            "participantName": "Laura Brown",
            "sessions": [{"mediaType": "voice", "ani": "tel:+390255501234"}],
        },
        {"purpose": "acd", "participantName": "Queue", "sessions": []},
        {"purpose": "agent", "participantName": "Sara Lind", "userId": "u-7", "sessions": []},
    ],
}


def test_a_genesys_transcript_takes_the_details_beside_it(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(GENESYS))
    arrival = take_in(path)
    assert [
        (u.speaker, u.span.start_s, u.span.end_s, u.language) for u in arrival.observations.utterances
    ] == [
        ("internal", 0.0, 1.5, "it"),
        ("external", 2.0, 2.5, "it"),
    ]
    assert arrival.interaction.started_at == "2026-03-05T13:20:00.500000+00:00"
    beside = tmp_path / "a.conversation.json"
    beside.write_text(json.dumps(DETAILS))
    about = take_in(path).interaction
    assert (about.agent, about.customer, about.started_at) == (
        "Sara Lind",
        "Laura Brown",
        "2026-03-05T13:19:00+00:00",
    )
    assert dict(about.roles) == {"internal": Role.AGENT, "external": Role.CUSTOMER}
    assert [p.phone for p in about.parties] == ["+390255501234", "", ""]
    assert find_files(tmp_path)[0] == (path,)
    with pytest.raises(Rejected, match="only the details of a conversation; its transcript is expected"):
        take_in(beside)
    beside.write_text(json.dumps(DETAILS | {"conversationId": "c-2"}))
    with pytest.raises(Rejected, match="the details of another conversation than c-1"):
        take_in(path)


def changed(document, *steps):
    copy = json.loads(json.dumps(document))
    *way, key, value = steps
    inside = copy
    for step in way:
        inside = inside[step]
    inside[key] = value
    return copy


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"tickets": [changed(TICKET, "comments", 0, "created_at", "soon")]}, "ticket 35436, comment 1: 'soon' is no time"),
        ({"tickets": [changed(TICKET, "comments", 0, "public", "yes")]}, r"ticket 35436: comments\[0\].public: Expected `bool`"),
        ({"tickets": [changed(TICKET, "comments", [])]}, "ticket 35436: it has only private notes"),
        ({"tickets": [{"id": 5, "subject": "x"}]}, "ticket 5: no comments; export the tickets with their comments"),
        ({"tickets": [7]}, "item 1 is no object"),
        (changed(INTERCOM, "created_at", -5), "conversation 1911, part 0: created_at -5 is no time"),
        (changed(INTERCOM, "created_at", 10**15), "is no time"),
        (changed(INTERCOM, "source", 3), "conversation 1911: source: Expected `object`"),
        ({**INTERCOM, "conversation_parts": None}, "a list without its parts; export each conversation whole"),
        (changed(GENESYS, "transcripts", 0, "phrases", 0, "startTimeMs", -1), "startTimeMs -1 is no time"),
        (changed(GENESYS, "transcripts", 0, "phrases", 1, "duration", "milliseconds", -900), "line 2 ends at 1.1 s"),
    ],
)  # fmt: skip
def test_a_bad_export_is_rejected_with_its_place(tmp_path, document, says):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    with pytest.raises(Rejected, match=says):
        (came,) = arrivals(path)
        raise came


def test_an_export_that_breaks_off_gives_what_stands_before_the_break(tmp_path):
    path = tmp_path / "a.json"
    whole = json.dumps({"tickets": [TICKET | {"id": n} for n in range(10)]}, indent=0)
    path.write_text(whole[: len(whole) // 2])
    *taken, broken = arrivals(path)
    assert [type(one) for one in taken] == [Arrival] * len(taken)
    assert 3 <= len(taken) <= 5
    assert f"ends too early; {len(taken)} items before it are whole" in str(broken)


def test_an_id_twice_in_an_export_is_told_when_its_content_differs(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps([TICKET, TICKET, TICKET | {"comments": TICKET["comments"][:1]}, TICKET | {"id": 7}])
    )
    first, again, other, next_one = arrivals(path)
    assert first.interaction.id == again.interaction.id != next_one.interaction.id
    assert str(other) == f"{path}: zendesk 35436 is in the file twice, with other content"


@pytest.mark.parametrize("form", ["list", "lines"])
def test_a_large_export_takes_no_more_memory_than_a_small_one(tmp_path, form):
    one = json.dumps(
        TICKET | {"users": USERS, "comments": [c | {"metadata": "x" * 20_000} for c in TICKET["comments"]]}
    )
    small, large = tmp_path / "small.json", tmp_path / "large.json"
    for path, count in ((small, 20), (large, 600)):
        texts = [one.replace("35436", str(n)) for n in range(count)]
        path.write_text("[" + ",\n".join(texts) + "]" if form == "list" else "\n".join(texts))
    peaks = []
    for path, count in ((small, 20), (large, 600)):
        tracemalloc.start()
        assert sum(isinstance(one, Arrival) for one in arrivals(path)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert large.stat().st_size > 35_000_000
    assert peaks[1] < peaks[0] + 2_000_000


@pytest.mark.parametrize(
    ("phone", "country", "told"),
    [
        ("02 5550 1234", "IT", "+390255501234"),
        ("02 5550 1234", None, "02 5550 1234"),
        ("+39 02 5550 1234", None, "+390255501234"),
        ("021 8888 1234", "IR", "+982188881234"),
        ("call me", "IT", "call me"),
        ("12", "IT", "12"),
        ("", "IT", ""),
    ],
)
def test_a_number_is_e164_where_its_country_is_known(phone, country, told):
    assert e164(phone, country) == told
