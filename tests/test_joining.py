"""Customers that may be one: weighed, joined and parted on pages and by programs, and undone."""

import re

import pytest

from audit.auditlog import entries
from audit.customers import decide, join, links, people
from audit.erasing import erase, of_customer
from audit.identities import State
from audit.interactions import Party, Role
from audit.merging import PairChanged, decide_pair, pair_of, pairs, waiting, weigh
from audit.scope import EVERYTHING, UserRole, scope_of
from audit.store import NotStored, open_store
from audit.tokens import TokenScope, add_token
from audit.users import add_user
from tests.test_customers import CUSTOMER, DAYS, keep
from tests.test_rights import TEAM
from tests.test_web import PASSWORD, log_in, send
from web import create_app
from web.rights import RIGHTS, Right


def fill(store):
    """A proposal: Laura Keller of Rome, once by her address and once by her telephone, and Bob."""
    keep(
        store,
        "mail",
        Party(CUSTOMER, "Laura Keller", email="laura@example.com"),
        branch="Rome",
        started_at=DAYS[0],
    )
    keep(
        store,
        "call",
        Party(CUSTOMER, "Laura Keller", phone="+39061234567"),
        branch="Rome",
        started_at=DAYS[1],
    )
    keep(store, "bob", Party(CUSTOMER, "Bob", crm="C-2001"), branch="Rome", started_at=DAYS[1])
    [one] = links(store, CUSTOMER, State.PROPOSED)
    return one.number


def titles(store):
    return sorted(one.title for one in people(store, CUSTOMER))


# Both sides


def test_a_proposal_is_weighed_and_so_is_its_undoing(tmp_path, database):
    store = open_store(tmp_path / "home", database)
    number = fill(store)
    [pair] = pairs(store, CUSTOMER, State.PROPOSED)
    told = [
        (s.title, s.interactions, s.last_at.isoformat(), [i.kind for i in s.identities]) for s in sides(pair)
    ]
    assert told == [("Laura Keller", 1, DAYS[0], ["email"]), ("Laura Keller", 1, DAYS[1], ["phone"])]
    assert (pair.sides.still_one, waiting(store, CUSTOMER), waiting(store, Role.AGENT)) == (False, 1, 0)
    decide(store, number, State.JOINED, "ana", "same invoice")
    joined = pair_of(store, CUSTOMER, number)
    # Each side is what it would be without the link.
    assert sides(joined) == sides(pair)
    assert joined.sides.seen != pair.sides.seen
    assert (titles(store), waiting(store, CUSTOMER)) == (["Bob", "Laura Keller"], 0)
    store.engine.dispose()


def sides(pair):
    return (pair.sides.one, pair.sides.other)


def test_what_other_links_join_stays_one(tmp_path):
    store = open_store(tmp_path / "home")
    keep(store, "both", Party(CUSTOMER, "", email="l@example.com", phone="+39061234567", crm="C-1007"))
    keep(store, "again", Party(CUSTOMER, "", email="l@example.com", phone="+39061234567"))
    found = pairs(store, CUSTOMER)
    assert {one.link.state for one in found} == {State.JOINED}
    assert [one.sides.still_one for one in found] == [len(found) > 2] * len(found)
    assert all(one.sides.one.number < one.sides.other.number or one.sides.still_one for one in found)


def test_links_come_in_pages_and_by_customer(tmp_path):
    store = open_store(tmp_path / "home")
    number = fill(store)
    laura, bob = (next(p for p in people(store, CUSTOMER) if p.title == t) for t in ("Laura Keller", "Bob"))
    join(store, CUSTOMER, f"#{laura.number}", f"#{bob.number}", "ana", "she said so")
    first = pairs(store, CUSTOMER, limit=1)
    assert [one.link.number for one in first] == [number + 1]
    rest = pairs(store, CUSTOMER, limit=5, before=number + 1)
    assert [one.link.number for one in rest] == [number]
    assert [one.link.number for one in pairs(store, CUSTOMER, person=bob)] == [number + 1]


def test_what_changed_since_it_was_shown_is_not_decided(tmp_path):
    store = open_store(tmp_path / "home")
    number = fill(store)
    shown = pair_of(store, CUSTOMER, number).sides.seen
    decide_pair(store, CUSTOMER, number, State.REFUSED, "ana", "", shown)
    with pytest.raises(PairChanged, match=f"link {number}: it is not any more what was shown"):
        decide_pair(store, CUSTOMER, number, State.JOINED, "ben", "", shown)
    assert pair_of(store, CUSTOMER, number).link.state == State.REFUSED
    shown = pair_of(store, CUSTOMER, number).sides.seen
    laura, bob = (next(p for p in people(store, CUSTOMER) if p.title == t) for t in ("Laura Keller", "Bob"))
    join(store, CUSTOMER, f"#{laura.number}", f"#{bob.number}", "ana", "a side grows")
    with pytest.raises(PairChanged):
        decide_pair(store, CUSTOMER, number, State.JOINED, "ben", "", shown)


def test_a_link_of_employees_is_none_of_customers(tmp_path):
    store = open_store(tmp_path / "home")
    number = fill(store)
    for role, asked in ((Role.AGENT, number), (CUSTOMER, 4711)):
        with pytest.raises(NotStored, match="link"):
            pair_of(store, role, asked)


# The pages


class Site:
    def __init__(self, folder):
        self.store = open_store(folder / "home")
        self.number = fill(self.store)
        add_user(self.store, "ana", PASSWORD)
        add_user(self.store, "rita", PASSWORD, UserRole.REVIEWER)
        add_user(self.store, "leo", PASSWORD, UserRole.LEAD, TEAM)
        self.app = create_app(self.store)
        self.client = self.browser("rita")

    def browser(self, name):
        client = self.app.test_client()
        log_in(client, name)
        return client

    def get(self, address):
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        return answer.text

    def send(self, address, **form):
        return send(self.client, address, **form)

    def seen(self, address="/customers/proposals"):
        return re.search(r'name="seen" value="(\w+)"', self.get(address))[1]

    def number_of(self, title):
        return next(one.number for one in people(self.store, CUSTOMER) if one.title == title)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_a_proposal_is_confirmed_undone_and_refused(site):
    assert "1 pair may be one customer." in site.get("/customers")
    page = site.get("/customers/proposals")
    for told in ("the same name, Laura Keller", "the same branch, Rome", "laura@example.com", "+39061234567"):
        assert told in page
    assert page.count("Last contact") == 2 and page.count(f'datetime="{DAYS[0]}"') == 1
    link = f"/customers/links/{site.number}"
    answer = site.send(link, do="join", seen=site.seen(), because=" same  invoice ")
    assert (answer.status_code, answer.location) == (303, f"/customers/proposals?decided={site.number}")
    assert titles(site.store) == ["Bob", "Laura Keller"]
    page = site.get(answer.location)
    assert "They are one customer now." in page and "Nothing waits for a decision" in page
    site.send(link, do="part", seen=site.seen(answer.location))
    assert titles(site.store) == ["Bob", "Laura Keller", "Laura Keller"]
    assert "kept apart" in site.get(f"/customers/{site.number_of('Laura Keller')}")
    decided = pair_of(site.store, CUSTOMER, site.number).link.log
    assert [(row.state, row.by, row.why) for row in decided][1:] == [
        (State.JOINED, "rita", "same invoice"),
        (State.REFUSED, "rita", ""),
    ]


def test_the_log_has_who_joined_and_no_word_of_the_customer(site):
    site.send(f"/customers/links/{site.number}", do="join", seen=site.seen(), because="Laura told us")
    [row] = entries(site.store, 9, action="people joined")
    assert (row.who, row.subject, set(row.detail)) == ("rita", f"link {site.number}", {"one", "other"})
    assert entries(site.store, 9, action="change") == () and "Laura" not in str(row)
    assert "joined two people" in site.browser("ana").get("/admin/log").text


def test_two_at_once_are_not_both_believed(site):
    seen, link = site.seen(), f"/customers/links/{site.number}"
    assert site.send(link, do="part", seen=seen).status_code == 303
    late = site.send(link, do="join", seen=seen)
    assert late.status_code == 409 and "They were changed meanwhile" in late.text
    assert site.send(link, do="join").status_code == 409
    assert len(titles(site.store)) == 3


def test_two_that_somebody_knows_to_be_one_are_joined_after_a_look_at_both(site):
    laura, bob = site.number_of("Laura Keller"), site.number_of("Bob")
    page = site.get(f"/customers/{laura}/join?other=C-2001")
    assert "Bob" in page and page.count("Last contact") == 2
    form = {"with": bob, "other": "C-2001", "seen": re.search(r'name="seen" value="(\w+)"', page)[1]}
    empty = site.send(f"/customers/{laura}/join", **form, because=" ")
    assert empty.status_code == 422 and "Say why" in empty.text and "C-2001" in empty.text
    assert site.send(f"/customers/{laura}/join", **form | {"seen": "x"}, because="told").status_code == 409
    answer = site.send(f"/customers/{laura}/join", **form, because="she told us")
    assert answer.location == f"/customers/{laura}?decided={site.number + 1}"
    page = site.get(answer.location)
    assert "They are one customer now." in page and "C-2001" in page and "she told us" in page
    of = re.search(r'name="of" value="(\d+)"', page)[1]
    part = f"/customers/links/{site.number + 1}"
    undone = site.send(part, do="part", seen=site.seen(answer.location), of=of)
    assert "They are two customers." in site.get(undone.location) and len(titles(site.store)) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("nobody@example.com", "No customer, or more than one, fits."),
        ("Laura Keller", "No customer, or more than one, fits."),
        ("laura@example.com", "This is the same customer already."),
    ],
)
def test_who_cannot_be_joined_is_told(site, words, says):
    page = site.get(f"/customers/{site.number_of('Laura Keller')}/join?other={words}")
    assert says in page and 'name="because"' not in page and f'value="{words}"' in page


def test_what_is_no_pair_and_no_decision_is_refused(site):
    link = f"/customers/links/{site.number}"
    assert site.send("/customers/links/4711", do="join", seen="x").status_code == 404
    assert site.send("/customers/links/99999999999", do="join").status_code == 404
    assert site.send(link, do="propose", seen=site.seen()).status_code == 400
    assert site.send(link, do="join", seen=site.seen(), because="x" * 201).status_code == 400
    laura = site.number_of("Laura Keller")
    for given in ("0", "x", "-1", "9" * 30):
        assert site.send(f"/customers/{laura}/join", **{"with": given}, because="x").status_code == 404
    for given in ("0", "x", "-1", "9" * 30, "4711", site.number):
        assert "customer now" not in site.get(f"/customers/proposals?decided={given}")
        assert site.get(f"/customers/proposals?before={given}")


def test_only_who_sees_all_interactions_may_join(site):
    assert {role for role in UserRole if Right.JOIN in RIGHTS[role]} == {UserRole.ADMIN, UserRole.REVIEWER}
    assert all(scope_of(role, "", "") == EVERYTHING for role in (UserRole.ADMIN, UserRole.REVIEWER))
    leo = site.client = site.browser("leo")
    assert "may be one customer" not in leo.get("/customers").text
    assert leo.get("/customers/proposals").status_code == 403
    assert site.send(f"/customers/links/{site.number}", do="join").status_code == 403
    assert len(titles(site.store)) == 3


def test_a_form_of_another_site_joins_nobody(site):
    form = {"do": "join", "seen": site.seen(), "because": "x", "with": site.number_of("Bob")}
    laura = site.number_of("Laura Keller")
    for address in (f"/customers/links/{site.number}", f"/customers/{laura}/join"):
        assert site.client.post(address, data=form).status_code == 400
    assert len(titles(site.store)) == 3


@pytest.mark.parametrize(
    ("language", "told"),
    [("it", ("lo stesso nome", "Ultimo contatto")), ("fa", ("همان نام", "آخرین تماس"))],
)
def test_why_two_may_be_one_is_said_in_the_language_of_the_page(site, language, told):
    page = site.client.get("/customers/proposals", headers={"Accept-Language": language}).text
    assert all(words in page for words in told)


# For programs


class Program:
    def __init__(self, site):
        self.site = site
        self.secret, _ = add_token(site.store, "rita", [TokenScope.READ, TokenScope.REVIEW])

    def ask(self, path, method="GET", headers=(), secret=None, **body):
        sent = {"Authorization": f"Bearer {secret or self.secret}"} | dict(headers)
        return self.site.app.test_client().open(f"/api/v1{path}", method=method, headers=sent, **body)


@pytest.fixture
def program(site):
    return Program(site)


def test_a_program_joins_and_parts(site, program):
    listed = program.ask("/customers/links?state=proposed").json
    [pair] = listed["items"]
    assert pair["link"]["evidence"][0] == "the same name, Laura Keller"
    assert [pair["sides"][side]["interactions"] for side in ("one", "other")] == [1, 1]
    address = f"/customers/links/{site.number}"
    etag = program.ask(address).headers["ETag"]
    seen = pair["sides"]["seen"]
    joined = program.ask(address, "PATCH", json={"state": "joined", "because": "told", "seen": seen})
    assert (joined.status_code, joined.json["link"]["state"]) == (200, "joined")
    assert program.ask(address, "PATCH", json={"state": "refused", "seen": seen}).status_code == 409
    late = program.ask(address, "PATCH", headers={"If-Match": etag}, json={"state": "refused"})
    assert late.status_code == 412
    assert len(titles(site.store)) == 2
    assert program.ask(address, "PATCH", json={"state": "refused"}).json["link"]["state"] == "refused"
    assert len(titles(site.store)) == 3
    laura, bob = site.number_of("Laura Keller"), site.number_of("Bob")
    made = program.ask("/customers/links", "POST", json={"one": laura, "other": bob, "because": "told"})
    assert (made.status_code, made.location) == (201, f"/api/v1/customers/links/{site.number + 1}")
    again = program.ask("/customers/links", "POST", json={"one": laura, "other": laura, "because": "x"})
    assert (again.status_code, "already" in again.json["detail"]) == (422, True)
    gone = program.ask("/customers/links", "POST", json={"one": laura, "other": bob, "because": "x"})
    assert gone.status_code == 404
    theirs = program.ask(f"/customers/links?customer={laura}&limit=1").json
    assert theirs["next"].endswith(f"customer={laura}&limit=1&before={site.number + 1}")
    log = entries(site.store, 9, action="people joined")
    assert len(log) == 2 and all(row.origin.startswith("token ") for row in log)


def test_a_token_for_reading_sees_no_proposals(site, program):
    secret, _ = add_token(site.store, "rita", [TokenScope.READ])
    for path, method in (("/customers/links", "GET"), (f"/customers/links/{site.number}", "PATCH")):
        assert program.ask(path, method, secret=secret, json={"state": "joined"}).status_code == 403
    assert len(titles(site.store)) == 3


def test_two_are_weighed_by_their_numbers(tmp_path):
    store = open_store(tmp_path / "home")
    fill(store)
    laura, _, bob = people(store, CUSTOMER)
    found = weigh(store, laura, bob)
    assert (found.one.title, found.other.title, found.still_one) == ("Laura Keller", "Bob", False)


def test_an_erasure_takes_who_is_erased_out_of_the_reasons_of_others(tmp_path):
    store = open_store(tmp_path / "home")
    fill(store)
    keep(store, "ben", Party(CUSTOMER, "Ben", crm="C-2002"), branch="Rome", started_at=DAYS[1])
    numbers = {one.title: one.number for one in people(store, CUSTOMER)}
    told = 'said by laura@example.com: "one"'
    link = join(store, CUSTOMER, f"#{numbers['Bob']}", f"#{numbers['Ben']}", "ana", told)
    decide(store, link, State.REFUSED, "ana", "laura@example.com took it back")
    done = erase(store, of_customer(store, "laura@example.com"))
    assert done.complete and done.proof.left == ()
    found = pair_of(store, CUSTOMER, link).link
    assert found.evidence == ('said by [erased]: "one"',)
    assert [row.why for row in found.log][-2:] == ['said by [erased]: "one"', "[erased] took it back"]
