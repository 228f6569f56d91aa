"""Keep times, legal holds and erasures, for programs."""

import time

import pytest
from sqlalchemy import update

from audit import tables as t
from audit.auditlog import entries
from audit.erasing import begin, of_interactions
from audit.interactions import Channel
from audit.retention import read_retention
from audit.scope import UserRole
from tests.test_api import ROOT, Interface, is_problem
from tests.test_web import keep_call, stereo

FOREVER = dict.fromkeys(("media", "transcripts", "observations", "scorecards"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Interface(tmp_path_factory.mktemp("retention"))
    made.folder, made.taken = made.store.home.parent, 0
    return made


def call(site, customer):
    """A call of a customer."""
    site.taken += 1
    path = stereo(site.folder, f"own-{site.taken}.wav", 3.0 + site.taken)
    one = keep_call(site.store, site.folder, path, f"own {site.taken}")
    with site.store.writing() as connection:
        row = update(t.interaction).where(t.interaction.c.id == one.id)
        connection.execute(row.values(customer=customer))
    return one


def over(site, path):
    """An erasure, once it is over."""
    for _ in range(400):
        told = site.ask(path).json
        if not told["running"]:
            return told
        time.sleep(0.05)
    raise AssertionError(f"{path} is not over")


def times(**other):
    return {channel.value: FOREVER for channel in Channel} | other


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        (
            times(),
            "every: {media: forever, transcripts: forever, observations: forever, scorecards: forever}\n",
        ),
        (
            {c.value: FOREVER | {"media": 90, "scorecards": 1} for c in Channel},
            "every: {media: 90 days, transcripts: forever, observations: forever, scorecards: 1 day}\n",
        ),
        (
            times(chat=FOREVER | {"transcripts": 30}),
            "every: {media: forever, observations: forever, scorecards: forever}\n"
            + "".join(
                f"{c.value}: {{transcripts: {'30 days' if c == Channel.CHAT else 'forever'}}}\n"
                for c in Channel
            ),
        ),
    ],
)
def test_keep_times_are_set_and_read(site, wanted, written):
    answer = site.ask("/retention", method="PUT", json=wanted)
    assert (answer.status_code, answer.json) == (200, wanted)
    assert site.ask("/retention").json == wanted
    file = site.store.home / "retention.yaml"
    assert file.read_text("utf-8") == written
    assert {c.value: read_retention(file).of(c).model_dump() for c in Channel} == wanted
    logged = entries(site.store, 1, action="keep times")[0]
    assert (logged.who, logged.subject, logged.detail) == (
        "admin",
        "retention.yaml",
        dict(line.split(": ", 1) for line in written.splitlines()),
    )


def test_times_that_are_set_leave_it_to_the_house_whether_scores_stay(site):
    file = site.store.home / "retention.yaml"
    file.write_text("every: {media: 9 days}\nkeep_sums: true\n", "utf-8")
    assert (
        site.ask("/retention", method="PUT", json=times(chat=FOREVER | {"scorecards": 30})).status_code == 200
    )
    assert (read_retention(file).keep_sums, "keep_sums: true" in file.read_text("utf-8")) == (True, True)
    file.unlink()


@pytest.mark.parametrize("days", [0, -1, 100_000, 1.5, "90 days"])
def test_what_is_no_keep_time_is_refused(site, days):
    before = site.ask("/retention").json
    answer = site.ask("/retention", method="PUT", json=times(chat=FOREVER | {"media": days}))
    assert (answer.status_code, is_problem(answer)) == (400, True)
    assert site.ask("/retention").json == before


def test_two_admins_do_not_overwrite_each_others_keep_times(site):
    etag = site.ask("/retention").headers["ETag"]
    for status, days in ((200, 700), (412, 800)):
        wanted = times(email=FOREVER | {"media": days})
        assert (
            site.ask("/retention", method="PUT", json=wanted, headers={"If-Match": etag}).status_code
            == status
        )
    assert site.ask("/retention").json["email"]["media"] == 700


def test_what_would_go_is_counted(site):
    one, held = call(site, "C-1"), call(site, "C-2")
    with site.store.writing() as connection:
        rows = update(t.interaction).where(t.interaction.c.id.in_([one.id, held.id]))
        connection.execute(rows.values(started_at=one_day_of(2020)))
    site.ask("/holds", method="POST", json={"kind": "interaction", "value": held.id, "reason": "case"})
    site.ask("/retention", method="PUT", json=times(call=FOREVER | {"scorecards": 900}))
    assert site.ask("/retention/due").json == {"removed": {"scorecards": 1}, "held": 1}
    assert site.store.interaction(one.id).id == one.id
    (site.store.home / "retention.yaml").write_text("call: {media: soon}\n", "utf-8")
    for method, path, body in (
        ("GET", "/retention", None),
        ("GET", "/retention/due", None),
        ("PUT", "/retention", times()),
    ):
        broken = site.ask(path, method=method, json=body)
        assert (broken.status_code, is_problem(broken)) == (409, True)
        assert "retention.yaml:1" in broken.json["detail"] and str(site.store.home) not in broken.text
    (site.store.home / "retention.yaml").unlink()


def one_day_of(year):
    from datetime import UTC, datetime

    return datetime(year, 3, 2, 9, tzinfo=UTC)


def test_a_hold_is_added_listed_and_lifted(site):
    one = call(site, "C-77")
    asked = {"kind": "customer", "value": "C-77", "reason": "case 12"}
    made = site.ask("/holds", method="POST", json=asked)
    number = made.json["number"]
    assert (made.status_code, made.headers["Location"]) == (201, f"{ROOT}/holds/{number}")
    assert made.json in site.ask("/holds").json["items"] and made.json["held_by"] == "admin"
    etag = site.ask(f"/holds/{number}").headers["ETag"]
    told = site.ask("/erasures/preview?kind=customer&value=C-77").json
    assert (told["interactions"], told["held"]) == ([one.id], [made.json])
    refused = site.ask("/erasures", method="POST", json={"kind": "customer", "value": "C-77"})
    assert (refused.status_code, "held (case 12)" in refused.json["detail"]) == (409, True)
    other = {"If-Match": '"other"'}
    assert site.ask(f"/holds/{number}", method="DELETE", headers=other).status_code == 412
    assert site.ask(f"/holds/{number}", method="DELETE", headers={"If-Match": etag}).status_code == 204
    assert site.ask(f"/holds/{number}", method="DELETE").status_code == 404
    rows = entries(site.store, 2, action="hold")
    assert [(row.who, row.subject) for row in rows] == [("admin", f"hold {number}")] * 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "customer", "value": "nobody", "reason": "x"}, 404),
        ({"kind": "interaction", "value": "0" * 64, "reason": "x"}, 404),
        ({"kind": "street", "value": "x", "reason": "x"}, 400),
        ({"kind": "customer", "value": "x", "reason": " "}, 422),
        ({"kind": "customer", "value": " ", "reason": "x"}, 404),
        ({"kind": "customer", "value": "x"}, 400),
    ],
)
def test_what_is_no_hold_is_told(site, body, status):
    answer = site.ask("/holds", method="POST", json=body)
    assert (answer.status_code, is_problem(answer)) == (status, True)


def test_a_customer_is_erased_once_and_the_proof_is_given(site):
    mine, other = call(site, "C-9001"), call(site, "C-9002")
    preview = site.ask("/erasures/preview?kind=customer&value=C-9001")
    assert (preview.json["interactions"], preview.json["recordings"]) == ([mine.id], 1)
    whom = {"kind": "customer", "value": "C-9001"}
    key = {"Idempotency-Key": "erase-1"}
    changed = site.ask("/erasures", method="POST", json=whom, headers={"If-Match": '"old"'} | key)
    assert changed.status_code == 412 and site.store.interaction(mine.id).id == mine.id
    same = {"If-Match": preview.headers["ETag"]} | key
    begun = site.ask("/erasures", method="POST", json=whom, headers=same)
    path = begun.headers["Location"].removeprefix(ROOT)
    assert begun.status_code == 202
    done = over(site, path)
    assert (done["problem"], done["erased"]["interactions"], done["erased"]["proof"]["left"]) == ("", 1, [])
    assert site.ask(f"/interactions/{mine.id}").status_code == 404
    assert site.store.interaction(other.id).id == other.id
    # The answer was lost, and the same is asked for again.
    again = site.ask("/erasures", method="POST", json=whom, headers=same)
    assert (again.status_code, again.headers["Location"]) == (202, f"{ROOT}{path}")
    assert site.ask("/erasures").json["items"][0]["number"] == done["number"]
    assert [row.detail for row in entries(site.store, 1, action="erase")] == [{"interactions": 1}]
    for asked, status in ((whom | {"value": "C-9002"}, 422), (whom, 404)):
        sent = key if status == 422 else {}
        assert site.ask("/erasures", method="POST", json=asked, headers=sent).status_code == status
    assert site.ask("/erasures/preview?kind=customer&value=C-9001").status_code == 404
    with site.store.reading() as connection:
        assert "C-9001" not in "".join(map(str, connection.execute(t.begun.select()).all()))


@pytest.mark.parametrize("key", ["", "k" * 201, "schlüssel"])
def test_what_is_no_key_is_refused(site, key):
    one = call(site, "C-5")
    whom = {"kind": "interaction", "value": one.id}
    sent = {"Idempotency-Key": key.encode("latin-1").decode("latin-1")}
    assert site.ask("/erasures", method="POST", json=whom, headers=sent).status_code == 422
    assert site.store.interaction(one.id).id == one.id


def test_what_was_interrupted_is_finished(site):
    other, number = (begin(site.store, of_interactions(site.store, [call(site, "C-6").id])) for _ in range(2))
    assert site.ask(f"/erasures/{number}").json["finished_at"] is None
    assert site.ask(f"/erasures/{number}/finish", method="POST").status_code == 202
    assert over(site, f"/erasures/{number}")["erased"]["proof"]["left"] == []
    assert site.ask(f"/erasures/{number}/finish", method="POST").json["problem"] == ""
    assert site.ask("/erasures/4711/finish", method="POST").status_code == 404
    assert site.ask(f"/erasures/{other}").json["finished_at"] is None, "nobody asked for it"
    first = site.ask("/erasures?limit=1").json
    rest = site.ask(first["next"].removeprefix(ROOT)).json["items"]
    assert first["items"][0]["number"] == number and all(one["number"] < number for one in rest)


@pytest.mark.parametrize("role", [role for role in UserRole if role != UserRole.ADMIN])
@pytest.mark.parametrize("path", ["/retention", "/holds", "/erasures/preview?kind=customer&value=C-9002"])
def test_only_admins_see_what_is_kept(site, role, path):
    assert site.ask(path, role).status_code == 403
