"""The time of day by the clock of the branch, and what may be asked of it."""

from pathlib import Path

import msgspec
import pytest

from audit.interactions import Channel, Interaction, Role
from audit.quantities import parse_quantity, show
from audit.rubric import Rubric
from audit.rubricfile import load_rubric
from audit.scorecard import make_scorecard
from audit.store import open_store
from tests import build
from tests.test_overlays import house
from tests.test_store import answers

MORNING = (
    "- {id: a, title: A, when: {said: greeting}, keep: {measure: time_of_day, between: [4:00, 12:30]}, "
    'examples: {met: ["11:00"], missed: ["[at 13:00]\\nagent: Good morning."]}}'
)
GREETED = [("agent", 5.0, "good morning how can I help")]


def verdict(rubric: Rubric, started_at: str | None, time_zone: str | None, lines=GREETED) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    roles = (("agent", Role.AGENT), ("customer", Role.CUSTOMER))
    call = Interaction(
        build.IDENTITY,
        Channel.CALL,
        "a",
        "/a.wav",
        build.IDENTITY,
        started_at,
        roles=roles,
        time_zone=time_zone,
    )
    finding = make_scorecard(call, build.observations(lines, duration_s=7200.0), rubric).findings[0]
    return str(finding.verdict), finding.reason


@pytest.mark.parametrize(
    ("started_at", "time_zone", "found", "reason"),
    [
        ("2026-03-10T08:00:00+00:00", "Europe/Rome", "met", "time of day 9:00"),
        ("2026-03-10T12:00:00+00:00", "Europe/Rome", "missed", "time of day 13:00, wanted between 4:00 and 12:30"),
        ("2026-03-10T12:00:00+00:00", "America/New_York", "met", "time of day 8:00"),
        ("2026-03-10T12:00:00+00:00", "Asia/Tehran", "missed", "time of day 15:30"),
        # Summer time: the clock says an hour more than in winter.
        ("2026-01-10T11:10:00+00:00", "Europe/Rome", "met", "time of day 12:10"),
        ("2026-07-10T11:10:00+00:00", "Europe/Rome", "missed", "time of day 13:10"),
        # However its start is written, it is the branch's clock that counts.
        ("2026-03-10T03:00:00-05:00", "Europe/Rome", "met", "time of day 9:00"),
        ("2026-03-10T23:59:59+00:00", "UTC", "missed", "time of day 23:59"),
        ("2026-03-10T12:30:00+00:00", "UTC", "met", "time of day 12:30"),
        ("2026-03-10T08:00:00+00:00", None, "cannot_tell", "its start and time_zone are not given"),
        (None, "Europe/Rome", "cannot_tell", "its start and time_zone are not given"),
    ],
)  # fmt: skip
def test_the_clock_of_the_branch_decides(tmp_path: Path, started_at, time_zone, found, reason) -> None:  # type: ignore[no-untyped-def]
    gave = verdict(build.rubric(tmp_path, MORNING), started_at, time_zone)
    assert (gave[0], reason in gave[1]) == (found, True), gave[1]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("when: {measure: time_of_day, at_least: 22:00}, say: greeting", "met"),
        ("when: {measure: time_of_day, at_most: 12:00}, say: greeting", "no_opportunity"),
        # It is asked of the window: two hours later it is the next day.
        ("during: {last: 10 s}, keep: {measure: time_of_day, at_most: 4:00}", "met"),
        ("keep: {measure: time_of_day, at_most: 4:00}", "missed"),
    ],
)
def test_it_is_a_measure_as_any(tmp_path: Path, rule: str, found: str) -> None:
    rubric = build.rubric(tmp_path, f"- {{id: a, title: A, {rule}}}")
    gave = verdict(rubric, "2026-03-10T21:30:00+00:00", "Europe/Rome")
    assert gave[0] == found, gave[1]


@pytest.mark.parametrize(
    ("written", "value", "shown"),
    [("9:05", 32_700, "9:05"), ("09:05", 32_700, "9:05"), ("0:00", 0, "0:00"), ("24:00", 86_400, "24:00")],
)
def test_a_time_of_day_is_written_with_a_colon(written: str, value: float, shown: str) -> None:
    amount = parse_quantity(written)
    assert (amount.value, amount.unit, show(amount.value, amount.unit)) == (value, "clock", shown)


@pytest.mark.parametrize("written", ["24:30", "25:00", "9:60", "9:5", "-1:00", "9:05 h", ":30"])
def test_what_no_clock_shows_is_no_time_of_day(written: str) -> None:
    with pytest.raises(ValueError, match="is not a number with a unit"):
        parse_quantity(written)


def test_a_stored_interaction_is_judged_by_the_same_clock(tmp_path: Path) -> None:
    rubric = build.rubric(tmp_path, MORNING)
    call = Interaction(
        build.IDENTITY, Channel.CALL, "a", "/a.wav", build.IDENTITY, "2026-03-10T03:00:00-05:00", time_zone="Europe/Rome"
    )  # fmt: skip
    observed = build.observations(GREETED)
    store = open_store(tmp_path / "home")
    store.keep(call, observed, answers(observed))
    kept = store.interaction(call.id)
    assert make_scorecard(kept, observed, rubric) == make_scorecard(call, observed, rubric)


@pytest.mark.parametrize(
    ("culture", "language", "said", "at", "found"),
    [
        ("it", "it", "buongiorno", "09:00", "met"),
        ("it", "it", "buongiorno", "20:00", "missed"),
        ("it", "it", "buonasera", "15:00", "met"),
        ("it", "it", "buonasera", "10:00", "missed"),
        ("us", "en", "good evening", "02:00", "no_opportunity"),
        ("ir", "fa", "صبح بخیر", "09:00", "met"),
        ("ir", "fa", "صبح بخیر", "16:00", "missed"),
        ("ir", "fa", "عصر بخیر", "16:00", "met"),
        ("ir", "fa", "سلام", "16:00", "no_opportunity"),
    ],
)
def test_a_culture_knows_which_greeting_fits_the_hour(tmp_path, culture, language, said, at, found) -> None:  # type: ignore[no-untyped-def]
    rubric = house(tmp_path, f"overlays: [culture/{culture}]", language)
    ids = ("good-morning-by-the-clock", "good-evening-by-the-clock")
    call = Interaction(
        build.IDENTITY, Channel.VIDEO, "a", "/a.wav", build.IDENTITY, f"2026-03-10T{at}:00+00:00", time_zone="UTC",
        roles=(("agent", Role.AGENT),),
    )  # fmt: skip
    heard = build.observations([("agent", 1.0, said)])
    spoken = tuple(msgspec.structs.replace(u, language=language) for u in heard.utterances or ())
    card = make_scorecard(call, msgspec.structs.replace(heard, utterances=spoken), rubric)
    gave = {str(f.verdict) for f in card.findings if f.standard in ids}
    assert gave - {"no_opportunity"} == {found} - {"no_opportunity"}, [f.reason for f in card.findings]


def test_a_house_with_other_hours_writes_its_own_standard(tmp_path: Path) -> None:
    own = (
        "  - {id: good-morning-by-the-clock, title: Ours, when: {said: greeting-morning}, "
        "keep: {measure: time_of_day, at_most: 11:00}}\n"
    )
    house(tmp_path, "overlays: [culture/gb]", standards=own)
    rubric = load_rubric(tmp_path / "house.yaml")
    assert [s.title for s in rubric.standards if s.id == "good-morning-by-the-clock"] == ["Ours"]
