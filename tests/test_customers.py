"""Customers and employees are one over all channels, by what they are known by; people decide the rest."""

import hashlib

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from audit import tables as t
from audit.cli import cli
from audit.customers import (
    CannotJoin,
    customer_interactions,
    decide,
    find_person,
    interactions_of,
    join,
    links,
    people,
)
from audit.identities import (
    State,
    forget_people,
    forget_unnamed,
    name_key,
    numbers_in,
    roots_of,
    settle,
)
from audit.interactions import Channel, Party, Role
from audit.journey import journey_of_person
from audit.scope import Scope
from audit.store import NotStored, open_store
from audit.transactions import pieces
from audit.upgrading import index_missing
from tests import build, postgres
from tests.test_store import answers

CUSTOMER, AGENT = Role.CUSTOMER, Role.AGENT

MORE_THAN_PARAMETERS = {"sqlite": 251_000, "postgresql": 66_000}
"""PostgreSQL takes 65,535, an SQLite of Debian 250,000."""


def identity(name):
    return hashlib.sha256(name.encode()).hexdigest()


def said(text, language="en"):
    observed = build.observations([("customer", 0, text)])
    spoken = tuple(msgspec.structs.replace(u, language=language) for u in observed.utterances)
    return msgspec.structs.replace(observed, utterances=spoken)


def keep(store, name, *parties, text="hello", language="en", **facts):
    """Keeps an interaction of this name with these parties, and gives its id."""
    observed = said(text, language)
    recording = msgspec.structs.replace(observed.recording, id=identity(name))
    observed = msgspec.structs.replace(observed, recording=recording)
    one = msgspec.structs.replace(
        build.interaction(parties=parties, language=language, **facts),
        id=identity(name),
        recording=identity(name),
        title=name,
    )
    store.keep(one, observed, answers(observed))
    return one.id


@pytest.fixture
def store(tmp_path, database):
    one = open_store(tmp_path / "home", database)
    yield one
    one.engine.dispose()


def test_a_lead_knows_of_a_customer_what_their_team_knows(store):
    both = {"crm": "C-1007"}
    one = keep(store, "here", Party(CUSTOMER, "Laura Keller", **both), team="Rome", started_at=DAYS[0])
    keep(store, "there", Party(CUSTOMER, email="l@example.org", **both), team="Milan", started_at=DAYS[1])
    [whole] = people(store, CUSTOMER)
    [seen] = people(store, CUSTOMER, scope=Scope(team="Rome"))
    assert (whole.interactions, seen.interactions) == (2, 1)
    assert {i.kind for i in whole.identities} - {i.kind for i in seen.identities} == {"email"}
    journey = journey_of_person(store, seen, scope=Scope(team="Rome"))
    assert [step.interaction for step in journey.steps] == [one]
    assert journey.steps[0].since_last_s is None


DAYS = "2026-03-02T09:00:00+00:00", "2026-03-01T09:00:00+00:00"


@pytest.fixture(scope="module", params=postgres.KINDS)
def laura(request, tmp_path_factory):
    """One customer on four channels, and others like her."""
    store = open_store(tmp_path_factory.mktemp("laura"), postgres.new_database(request))
    keep(store, "mail", Party(CUSTOMER, "Laura Keller", email="Laura@Example.com"), channel=Channel.EMAIL)
    keep(
        store,
        "call",
        Party(CUSTOMER, phone="+390255501234", crm="C-1007"),
        started_at="2026-03-02T09:00:00+00:00",
    )
    keep(
        store,
        "chat",
        Party(CUSTOMER, "L. Keller", email="laura@example.com", phone="+390255501234"),
        channel=Channel.CHAT,
        started_at="2026-03-01T09:00:00+00:00",
    )
    keep(store, "visit", customer="C-1007", started_at="2026-03-03T09:00:00+00:00")
    keep(store, "other", Party(CUSTOMER, "Laura Keller"), branch="Milan")
    keep(store, "third", Party(CUSTOMER, "Laura Keller"), branch="Milan")
    keep(store, "fourth", Party(CUSTOMER, "Laura Keller"), branch="Rome")
    keep(store, "nobody", Party(CUSTOMER, "Customer"), Party(CUSTOMER, "speaker_1"))
    yield store
    store.engine.dispose()


@pytest.mark.parametrize(
    "who",
    ["laura@example.com", "LAURA@example.com ", "+390255501234", "+39 02 5550 1234", "C-1007", "1", "#1"],
)
def test_a_customer_is_one_on_all_channels_by_whatever_is_known(laura, who):
    ids = customer_interactions(laura, who)
    assert ids == tuple(map(identity, ("chat", "call", "visit", "mail")))
    assert find_person(laura, CUSTOMER, who).interactions == 4


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("Laura Keller", "no single customer"),
        ("nobody@example.com", "no customer 'nobody"),
        ("999", "no customer"),
        ("Customer", "no customer"),
        ("", "no customer"),
    ],
)
def test_who_is_not_known_is_told(laura, who, told):
    with pytest.raises(NotStored, match=told):
        find_person(laura, CUSTOMER, who)


def test_the_same_name_alone_joins_nobody_and_the_same_branch_is_proposed(laura):
    (link,) = links(laura, CUSTOMER, State.PROPOSED)
    assert link.evidence == ("the same name, Laura Keller", "the same branch, Milan")
    assert {one.value.partition("/")[0] for one in (link.one, link.other)} == {
        identity("other"),
        identity("third"),
    }


def test_lists_begin_where_the_last_ended_and_find_by_beginnings(laura):
    everybody = people(laura, CUSTOMER)
    assert [one.interactions for one in everybody] == [4, 1, 1, 1]
    assert people(laura, CUSTOMER, limit=2) + people(laura, CUSTOMER, after=everybody[1].number) == everybody
    assert [p.number for p in people(laura, CUSTOMER, "c-10")] == [1]
    assert people(laura, CUSTOMER, "Laura K") == everybody
    assert people(laura, AGENT) == ()


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        # A telephone of two numbered customers, and one of two names, are nobody's alone.
        (
            Party(CUSTOMER, phone="+441632960001", crm="C-1"),
            Party(CUSTOMER, phone="+441632960001", crm="C-2"),
            "two ids: C-1, C-2",
        ),
        (
            Party(CUSTOMER, "Ann Lee", phone="+441632960001", email="a@example.com"),
            Party(CUSTOMER, "Bob Lee", phone="+441632960001", email="b@example.com"),
            "two names: ann lee, bob lee",
        ),
    ],
)
def test_what_speaks_against_it_makes_a_proposal_of_it(store, one, other, told):
    ids = [keep(store, name, party) for name, party in (("one", one), ("other", other))]
    (link,) = links(store, CUSTOMER, State.PROPOSED)
    assert link.evidence[-1] == told
    assert [len(customer_interactions(store, p.crm or p.email)) for p in (one, other)] == [1, 1]
    decide(store, link.number, State.JOINED, "ana", "they share a flat")
    assert set(customer_interactions(store, other.crm or other.email)) == set(ids)


def test_every_merge_can_be_undone_and_is_logged(store):
    first = keep(store, "one", Party(CUSTOMER, "Ann Lee", email="a@example.com", phone="+441632960001"))
    second = keep(store, "other", Party(CUSTOMER, "Ann Lee", phone="+441632960001", crm="C-77"))
    assert customer_interactions(store, "C-77") == tuple(sorted((first, second)))
    (joined,) = [one for one in links(store, CUSTOMER) if "crm" in (one.one.kind, one.other.kind)]
    decide(store, joined.number, State.REFUSED, "ana", "the number is the switchboard's")
    assert customer_interactions(store, "C-77") == (second,)
    assert customer_interactions(store, "a@example.com") == (first,)
    # What comes in later does not join them again.
    third = keep(store, "third", Party(CUSTOMER, "Ann Lee", phone="+441632960001", crm="C-77"))
    assert customer_interactions(store, "a@example.com") == (first,)
    decide(store, joined.number, State.JOINED, "tom", "no, it is hers")
    assert set(customer_interactions(store, "a@example.com")) == {first, second, third}
    (again,) = [one for one in links(store, CUSTOMER) if one.number == joined.number]
    assert [(d.state, d.by, d.why) for d in again.log[1:]] == [
        (State.REFUSED, "ana", "the number is the switchboard's"),
        (State.JOINED, "tom", "no, it is hers"),
    ]
    assert again.log[0].by == "comport"


def test_people_join_two_by_hand(store):
    keep(store, "one", Party(CUSTOMER, "Ann", email="a@example.com"))
    keep(store, "other", Party(CUSTOMER, "Annie", email="b@example.com"))
    number = join(store, CUSTOMER, "a@example.com", "b@example.com", "ana", "she said so")
    assert find_person(store, CUSTOMER, "b@example.com").names == ("Ann", "Annie")
    with pytest.raises(CannotJoin, match="is the same customer as b@example.com already"):
        join(store, CUSTOMER, "a@example.com", "b@example.com", "ana", "again")
    decide(store, number, State.REFUSED, "ana")
    assert find_person(store, CUSTOMER, "b@example.com").names == ("Annie",)
    with pytest.raises(NotStored, match="no link '99'"):
        decide(store, 99, State.JOINED, "ana")


@pytest.mark.parametrize(
    ("text", "language", "numbers"),
    [
        ("my order is 4417205", "en", ("4417205",)),
        ("order four four one seven two oh five please", "en", ("4417205",)),
        ("it is AB-12345 and the case 99-887766", "en", ("ab12345", "99887766")),
        ("il mio ordine è quattro quattro uno sette due zero cinque", "it", ("4417205",)),
        ("شماره سفارش ۴۴۱۷۲۰۵ است", "fa", ("4417205",)),
        ("it costs 1,200.00 on 2026-03-05 at 10:30 for 12 people", "en", ()),
    ],
)
def test_numbers_are_the_same_however_they_are_said(text, language, numbers):
    assert numbers_in(said(text, language).utterances) == numbers


def test_the_same_number_is_proposed_unless_the_names_differ_or_it_is_the_houses(store):
    keep(store, "call", text="my order is four four one seven two oh five")
    keep(store, "chat", Party(CUSTOMER, "لیلا رضایی"), text="سفارش ۴۴۱۷۲۰۵ کجاست", language="fa")
    keep(store, "mail", Party(CUSTOMER, "Ann Lee"), text="where is 4417205")
    proposed = links(store, CUSTOMER, State.PROPOSED)
    assert [one.evidence for one in proposed] == [("the number 4417205 is said by both",)] * 2
    assert {name for one in proposed for name in one.names} == {"", "لیلا رضایی", "Ann Lee"}
    for number in range(25):
        keep(store, f"n{number}", text="call us on 0800 123456")
    assert len(links(store, CUSTOMER, State.PROPOSED)) < 2 + 3 * 25
    last = find_person(store, CUSTOMER, str(people(store, CUSTOMER)[-1].number))
    assert links(store, CUSTOMER, person=last) == ()


def test_an_employee_is_one_by_number_and_name(store):
    keep(store, "a", Party(AGENT, "Sara Lind", employee="E7"))
    keep(store, "b", Party(AGENT, "Sara Berg", employee="E7"))
    keep(store, "c", agent="sara  LIND")
    keep(store, "d", Party(AGENT, "Sara Lind", employee="E9"))
    sara = find_person(store, AGENT, "Sara Berg")
    assert set(interactions_of(store, sara)) == {identity(n) for n in "abc"}
    assert {one.value for one in sara.identities} == {"E7", "sara lind", "sara berg"}
    assert [one.evidence[-1] for one in links(store, AGENT, State.PROPOSED)] == ["two ids: E7, E9"]
    # An address of the whole house makes nobody one.
    keep(store, "e", Party(AGENT, "Tom Baker", email="help@example.com"))
    keep(store, "f", Party(AGENT, "Ida Moe", email="help@example.com"))
    assert find_person(store, AGENT, "Tom Baker") != find_person(store, AGENT, "Ida Moe")


def test_facts_that_change_move_an_interaction_and_leave_nothing_behind(store):
    keep(store, "one", Party(CUSTOMER, "Ann", email="a@example.com", phone="+441632960001"))
    keep(store, "two", Party(CUSTOMER, "Bea", email="b@example.com"))
    keep(store, "one", Party(CUSTOMER, "Bea", email="b@example.com"))
    assert len(customer_interactions(store, "b@example.com")) == 2
    with pytest.raises(NotStored):
        find_person(store, CUSTOMER, "a@example.com")
    with store.reading() as connection:
        assert connection.execute(select(t.person_link)).all() == []


def test_what_is_forgotten_is_nowhere(store):
    first = keep(
        store, "one", Party(CUSTOMER, "Ann", email="a@example.com", crm="C-500"), text="order 4417205"
    )
    second = keep(store, "two", Party(CUSTOMER, "Ann", email="a@example.com", phone="+441632960001"))
    assert set(customer_interactions(store, "C-500")) == {first, second}
    with store.writing() as connection:
        forget_people(connection, first)
    assert customer_interactions(store, "+441632960001") == (second,)
    with store.writing() as connection:
        forget_people(connection, second)
    with store.reading() as connection:
        for table in (t.person, t.taking_part, t.person_link, t.person_decision, t.mention):
            assert connection.execute(select(table)).all() == []


def test_more_people_than_a_database_takes_in_one_statement_are_asked_for(store):
    keep(store, "one", Party(CUSTOMER, "Ann", email="a@example.com", crm="C-500"))
    many = set(range(MORE_THAN_PARAMETERS[store.engine.dialect.name]))
    with store.writing() as connection:
        known = roots_of(connection, *many)
        settle(connection, many)
        assert forget_unnamed(connection, many - known) == {
            "person": 0,
            "person_link": 0,
            "person_decision": 0,
        }
        assert roots_of(connection, *many) == known
    assert len(known) == 1
    assert [len(piece) for piece in pieces(many)] == [1000] * (len(many) // 1000)


def test_an_upgrade_joins_what_was_stored_before(store):
    keep(store, "one", Party(CUSTOMER, "Ann", email="a@example.com"), text="order 4417205")
    with store.writing() as connection:
        forget_people(connection, identity("one"))
    assert people(store, CUSTOMER) == ()
    assert (index_missing(store), index_missing(store)) == (1, 0)
    assert customer_interactions(store, "a@example.com") == (identity("one"),)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("  Laura  KELLER", "laura keller"),
        ("Customer", ""),
        ("speaker_2", ""),
        ("C-1007", ""),
        ("مشتری", ""),
        ("لیلا", "لیلا"),
    ],
)
def test_names_are_told_from_what_is_none(name, key):
    assert name_key(name) == key


def test_the_commands_list_show_and_decide(tmp_path):
    store = open_store(tmp_path)
    keep(store, "one", Party(CUSTOMER, "Ann Lee"), branch="Milan")
    keep(store, "two", Party(CUSTOMER, "Ann Lee"), branch="Milan", started_at="2026-03-01T09:00:00+00:00")

    def run(*words):
        done = CliRunner().invoke(cli, ["--home", str(tmp_path), *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "the same branch, Milan" in run("customer", "proposals")
    assert "undo it with: comport customer refuse 1" in run("customer", "accept", "1", "--by", "ana")
    shown = run("customer", "show", "Ann Lee")
    assert "joined by ana" in shown
    assert shown.index("2026-03-01 09:00") < shown.index("time unknown")
    run("customer", "refuse", "1", "--by", "tom", "--because", "two sisters")
    assert "#1" in run("customer", "list", "ann")
    assert '"why":"two sisters"' in run("customer", "show", "1", "--json")
    assert "nothing waits" in run("employee", "proposals")
    assert "joined" in run("customer", "join", "1", "2", "--by", "ana", "--because", "one after all")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("customer", "list"), "no customer is known yet: write customer: NAME into the .meta.yaml"),
        (("employee", "list"), "no employee is known yet: write agent: NAME into the .meta.yaml"),
        (("customer", "list", "ann"), "no customer fits"),
    ],
)
def test_a_list_with_nobody_in_it_says_what_to_do(tmp_path, words, says):
    done = CliRunner().invoke(cli, ["--home", str(tmp_path), *words], catch_exceptions=False)
    assert says in done.output
