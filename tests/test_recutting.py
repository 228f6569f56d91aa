"""What earlier versions stored loses its card data, on read at once and for good by `comport upgrade`."""

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, update

from audit import tables as t
from audit.cli import cli
from audit.outcomes import Evidence
from audit.pipeline import find_rubric
from audit.recutting import recut
from audit.scorecard import make_scorecard
from audit.store import Store, open_store
from models import observations as obs
from models.observations import span
from tests import build

CARD = "4242 4242 4242 4242"


@pytest.fixture
def store(tmp_path) -> Store:
    """A call with a card number, stored as before anything was cut, with a scorecard that quotes it."""
    store = open_store(tmp_path)
    observed = build.observations(
        [("customer", 0.0, f"my card is {CARD} thanks"), ("agent", 4.0, "thank you")], cuts=False
    )
    parts = [
        obs.Observed(observed.recording.id, p, **{p.need: getattr(observed, p.need)})
        for p in observed.provenance
    ]
    call = build.interaction()
    rubric = find_rubric("voice-en")
    with store.writing() as connection:
        store.keep(call, observed, [p for p in parts if p.provenance.need == "activity"])
        words = next(p for p in parts if p.provenance.need == "utterances")
        file = obs.save(words, store.observations_folder).relative_to(store.observations_folder)
        connection.execute(
            insert(t.observation).values(
                recording_id=words.recording, need="utterances", provenance_digest=words.provenance.digest,
                engine="transcript", file=str(file), made_at=build_time(),
            )
        )  # fmt: skip
        store.keep_rubric(rubric)
        card = make_scorecard(call, observed, rubric)
        quote = Evidence(span(1.2, 2.8), None, f"card is {CARD}")
        first = msgspec.structs.replace(card.findings[0], evidence=(quote,))
        store.keep_scorecard(msgspec.structs.replace(card, findings=(first, *card.findings[1:])))
    return store


def build_time():
    from datetime import UTC, datetime

    return datetime(2026, 3, 2, tzinfo=UTC)


def everything_stored(store: Store) -> str:
    files = [p.read_text("utf-8") for p in store.observations_folder.rglob("*.json")]
    with store.engine.connect() as connection:
        rows = [repr(connection.execute(select(table)).all()) for table in t.metadata.tables.values()]
    return "\n".join([*files, *rows])


def test_what_is_read_has_no_card_data_even_before_the_upgrade(store):
    assert "4242" in everything_stored(store)
    read = store.observations(build.interaction())
    assert read.utterances[0].text == "my card is [card number] thanks"
    assert [one.kind for one in read.cut] == ["card_number"]


def test_the_upgrade_cuts_it_where_it_lies_and_once(store):
    done = recut(store)
    assert done == (1, 1, 1, (), 0)
    assert "4242" not in everything_stored(store)
    assert len(list(store.observations_folder.rglob("*.json"))) == 2
    assert store.scorecards(build.IDENTITY)[0].findings[0].evidence[0].quote == "[card number]"
    assert recut(store)[:3] == (0, 0, 0)


def test_what_was_heard_before_is_not_heard_again(store):
    read = store.observations(build.interaction())
    words = next(p for p in read.provenance if p.need == "utterances")
    for _ in range(2):
        known = store.known(build.IDENTITY)(words)
        assert known is not None
        assert known.utterances[0].text == "my card is [card number] thanks"
        recut(store)


def test_a_damaged_file_is_named_and_the_rest_goes_on(store):
    with store.writing() as connection:
        connection.execute(
            update(t.observation).where(t.observation.c.need == "utterances").values(file="00/gone.json")
        )
    done = recut(store)
    assert done.looked_at == 0
    assert "gone.json" in str(done.unreadable[0])


def test_keeping_never_writes_card_data(tmp_path):
    store = open_store(tmp_path)
    observed = build.observations([("customer", 0.0, f"it is {CARD}")], cuts=False)
    new = [
        obs.Observed(observed.recording.id, p, **{p.need: getattr(observed, p.need)})
        for p in observed.provenance
    ]
    store.keep(build.interaction(), observed, new)
    assert "4242" not in everything_stored(store)


def test_the_command_says_what_it_did(store):
    done = CliRunner().invoke(cli, ["--home", str(store.home), "upgrade"])
    assert done.exit_code == 0
    assert "1 stored transcripts were looked through, 1 held card data" in " ".join(done.output.split())
