"""Word lists that rubrics borrow by name: what is taken, what wins, and what is refused."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from setuptools.config.setupcfg import read_configuration

from audit.cli import cli
from audit.lexicons import lexicon_names, load_lexicon, packaged
from audit.overlay import overlay_names
from audit.rubric import Rubric
from audit.rubricfile import load_rubric
from audit.workbench import enact
from audit.yamlfile import BadFile
from tests.test_packs import said

ROOT = Path(__file__).parent.parent

HOUSE = """\
rubric: house
version: 1
title: House
language: {language}
applies_to: [call]
{more}
sections:
- id: one
  title: One
  standards:
"""

NO_BLAME = "  - {id: no-blame, title: No blame, avoid: blame}\n"

OWN = """\
lexicon: ours
version: 1
title: Ours
language: en
slots: {room: [room, suite]}
lists:
  view:
    means: Praises the view
    source: page 12
    phrases: ["{room} with a view", overlooks the harbour]
  blame: {means: Blames, source: page 13, phrases: your doing}
"""


def house(
    folder: Path, more: str = "use: lexicons/en", rules: str = NO_BLAME, language: str = "en"
) -> Rubric:
    path = folder / "house.yaml"
    path.write_text(HOUSE.format(language=language, more=more) + rules, "utf-8")
    return load_rubric(path)


def problems(folder: Path, more: str, rules: str = NO_BLAME, language: str = "en") -> list[str]:
    with pytest.raises(BadFile) as caught:
        house(folder, more, rules, language)
    return [f"{Path(p.path).name}:{p.line}: {p.text}" for p in caught.value.problems]


def test_there_is_a_lexicon_for_each_language() -> None:
    assert lexicon_names() == ("lexicons/en", "lexicons/fa", "lexicons/it")


@pytest.mark.parametrize("name", lexicon_names())
def test_a_lexicon_is_named_as_its_file_and_holds_what_was_promised(name: str) -> None:
    lexicon = packaged(name)
    wanted = {"politeness", "empathy", "blame", "jargon", "filler", "insult", "promise"}
    wanted |= {"formal-address", "informal-address", "hesitation", "apology", "hedge"}
    assert lexicon.lexicon == name and name.endswith(lexicon.language)
    assert wanted <= set(lexicon.lists)


@pytest.mark.parametrize("name", lexicon_names())
def test_the_manual_has_a_row_for_each_list(name: str) -> None:
    rows = [line for line in (ROOT / "docs/rubrics.md").read_text("utf-8").splitlines() if line[:1] == "|"]
    named = {one for row in rows for one in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    assert set(packaged(name).lists) <= named


def test_an_installed_comport_has_the_lexicons() -> None:
    setup = read_configuration(ROOT / "setup.cfg")["options"]
    packed = {p for pattern in setup["package_data"]["rubrics"] for p in (ROOT / "rubrics").glob(pattern)}
    assert "rubrics" in setup["packages"]
    assert {ROOT / "rubrics" / f"{name}.yaml" for name in lexicon_names()} <= packed


def test_a_list_is_a_phrase_of_the_rubric(tmp_path: Path) -> None:
    made = house(tmp_path)
    assert set(made.phrases) == {"blame"}
    assert said(made, "agent: Well, that is your own fault.") == {"blame"}
    stored = Rubric.model_validate_json(made.model_dump_json())
    assert stored.digest == made.digest and stored.phrases == made.phrases


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("use: lexicons/en\nphrases: {blame: shame on you}", "shame on you"),
        ("use: [our.yaml, lexicons/en]", "your doing"),
        ("use: [lexicons/en, our.yaml]", "(I|we) (have)? (already|just) told you"),
        ("use: our.yaml\nphrases: {other: x}", "your doing"),
    ],
)
def test_the_rubric_s_own_words_win_then_the_lexicon_named_first(
    tmp_path: Path, more: str, says: str
) -> None:
    (tmp_path / "our.yaml").write_text(OWN, "utf-8")
    assert says in house(tmp_path, more).phrases["blame"]


def test_a_lexicon_wins_over_a_culture(tmp_path: Path) -> None:
    assert "culture/it" in overlay_names()
    rules = "  - {id: formal, title: Formal, avoid: informal-address}\n"
    made = house(tmp_path, "use: lexicons/it\noverlays: [culture/it]", rules, "it")
    assert made.phrases["informal-address"] == packaged("lexicons/it").lists["informal-address"].phrases
    assert ("culture/it", "yields") in [(a.overlay, a.effect) for a in made.applied]


def test_slots_come_along_with_a_list_that_has_one(tmp_path: Path) -> None:
    (tmp_path / "our.yaml").write_text(OWN, "utf-8")
    rules = "  - {id: view, title: View, say: view}\n"
    assert house(tmp_path, "use: our.yaml", rules).slots == {"room": ("room", "suite")}
    assert house(tmp_path, "use: our.yaml").slots == {}
    own = house(tmp_path, "use: our.yaml\nslots: {room: hut}", rules)
    assert own.slots == {"room": ("hut",)}
    assert said(own, "agent: A hut with a view.") == {"view"}


@pytest.mark.parametrize(
    "rules",
    [
        "  - {id: a, title: A, keep: {measure: time_to_greeting, at_most: 5 s}}\n",
        "  - {id: a, title: A, order: [greeting, blame]}\n",
        "  - {id: a, title: A, ask: Q, when: {said: greeting}}\n",
        "  - {id: a, title: A, ask: Q, during: {after: greeting}}\n",
    ],
)
def test_a_list_may_stand_wherever_a_phrase_may(tmp_path: Path, rules: str) -> None:
    (tmp_path / "our.yaml").write_text(OWN.replace("  view:", "  greeting:"), "utf-8")
    assert "greeting" in house(tmp_path, "use: our.yaml", rules).phrases


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("use: lexicons/eng", "house.yaml:6: unknown lexicon 'lexicons/eng'; did you mean 'lexicons/en'?"),
        ("use: [lexicons/it]", "house.yaml:6: 'lexicons/it' is in 'it', but the rubric in 'en'"),
        ("use: ../ours.yaml", "house.yaml:6: '../ours.yaml' lies outside the rubric's folder"),
        ("use: /etc/hosts.yaml", "house.yaml:6: '/etc/hosts.yaml' lies outside the rubric's folder"),
        ("use: lexicons/../../ours", "house.yaml:6: unknown lexicon 'lexicons/../../ours'"),
        ("use: link/ours.yaml", "house.yaml:6: 'link/ours.yaml' lies outside the rubric's folder"),
        ("use: loop.yaml", "loop.yaml:1: cannot be read: Too many levels of symbolic links"),
        (f"use: {'a' * 300}.yaml", f"{'a' * 300}.yaml:1: cannot be read: File name too long"),
        ("use: folder.yaml", "folder.yaml:1: cannot be read: Is a directory"),
        ("use: gone.yaml", "gone.yaml:1: cannot be read: No such file or directory"),
        ("use: {a: b}", "house.yaml:6: use: expected a list, found {'a': 'b'}"),
        ("use: [3]", "house.yaml:6: use: expected text, found 3: put it in quotes"),
        ("version: 1", "house.yaml:6: 'version' stands twice; keep one"),
        ("", "house.yaml:11: undefined phrase 'blame'; 'lexicons/en' has it: write use: lexicons/en at the top"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_at_its_line(tmp_path: Path, more: str, told: str) -> None:
    folder = tmp_path / "rubrics"
    folder.mkdir()
    (tmp_path / "ours.yaml").write_text(OWN, "utf-8")
    (folder / "link").symlink_to(tmp_path)
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "folder.yaml").mkdir()
    assert any(one.startswith(told) for one in problems(folder, more))


@pytest.mark.parametrize("more", ["use: [lexicons/en, gone.yaml]", "overlays: gone.yaml"])
def test_phrases_that_may_stand_in_a_file_that_cannot_be_read_are_not_told_too(
    tmp_path: Path, more: str
) -> None:
    told = problems(tmp_path, more, NO_BLAME + "  - {id: b, title: B, say: ours, during: {after: theirs}}\n")
    assert told == ["gone.yaml:1: cannot be read: No such file or directory"]


@pytest.mark.parametrize("overlay", ["../ours.yaml", "/etc/hosts.yaml"])
def test_an_overlay_lies_in_the_rubric_s_folder_too(tmp_path: Path, overlay: str) -> None:
    assert (
        "lies outside the rubric's folder"
        in problems(tmp_path, f"use: lexicons/en\noverlays: [{overlay}]")[0]
    )


def test_a_name_that_is_nearly_a_list_s_is_guessed(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "use: lexicons/en", NO_BLAME.replace("avoid: blame", "avoid: blam"))
    assert "undefined phrase 'blam'; did you mean 'blame'?" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("means: Praises the view", "mean: Praises", "our.yaml:8: unknown key 'mean'; did you mean 'means'?"),
        ("    source: page 12\n", "", "our.yaml:7: 'source' is missing"),
        ("source: page 12", 'source: ""', "our.yaml:9: source: string should have at least 1 character"),
        ('["{room} with', '["{rooms} with', "our.yaml:10: view: pattern '{rooms} with a view': undefined slot 'rooms'"),
        ("phrases: your doing", "phrases: []", "our.yaml:11: phrases: empty; expected at least one"),
        ("  view:", "  silence:", "our.yaml:7: 'silence' is the name of an event or measure"),
        ("  view:", "  The View:", "our.yaml:7: 'The View': names are small letters, digits and hyphens"),
        ("language: en", "language: zz", "our.yaml:4: unknown language 'zz'"),
        ("lists:", "list:", "our.yaml:6: unknown key 'list'; did you mean 'lists'?"),
        ("version: 1", "version: 0", "our.yaml:2: version: "),
    ],
)  # fmt: skip
def test_a_mistake_in_a_lexicon_is_told_at_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in OWN
    path = tmp_path / "our.yaml"
    path.write_text(OWN.replace(old, new, 1), "utf-8")
    with pytest.raises(BadFile) as caught:
        load_lexicon(path)
    lines = [str(problem).replace(str(tmp_path) + "/", "") for problem in caught.value.problems]
    assert any(line.startswith(told) for line in lines), lines
    done = CliRunner().invoke(cli, ["rubric", "check", str(path)])
    assert done.exit_code == 1


def test_check_takes_lexicons_too(tmp_path: Path) -> None:
    (tmp_path / "our.yaml").write_text(OWN, "utf-8")
    for where in (tmp_path, tmp_path / "our.yaml"):
        done = CliRunner().invoke(cli, ["rubric", "check", str(where)])
        assert done.exit_code == 0 and "our.yaml: 2 lists, no problems" in done.output


def test_list_shows_the_lexicons() -> None:
    shown = CliRunner().invoke(cli, ["rubric", "list"]).output
    assert re.search(r"lexicons/it +Parole del servizio in italiano", shown)


def test_sounds_of_thinking_are_counted_and_stand_in_nobody_s_way(tmp_path: Path) -> None:
    rules = "  - {id: calm, title: Calm, avoid: {said: hesitation, more_than: 1 times}}\n"
    rules += "  - {id: help, title: Help, say: offer}\n"
    made = house(tmp_path, "use: lexicons/en\nphrases: {offer: how can I help you, agrees: [um yes]}", rules)
    conversation = enact("agent: How can, um, I, uh, help you? Um, yes.", made)
    speaker = conversation.utterances[0][0]
    assert [len(conversation.said(name, speaker)) for name in ("hesitation", "agrees")] == [3, 1]
    made = house(tmp_path, "use: lexicons/en\nphrases: {offer: how can I help you}", rules)
    assert said(made, "agent: How can, um, I, uh, help you?") == {"hesitation", "offer"}


@pytest.mark.parametrize(
    ("language", "line", "wanted"),
    [
        ("en", "Could you please wait? My pleasure.", {"politeness", "please", "welcome"}),
        ("en", "Hello Anna.", {"first-name-address"}),
        ("en", "Hello Ms Brown.", {"formal-address"}),
        ("en", "Hello everybody, thanks again.", {"politeness", "thanks"}),
        ("en", "Hello, unfortunately it is sold out.", set()),
        ("en", "Certainly, madam.", {"politeness", "formal-address"}),
        ("en", "You are completely useless.", {"insult"}),
        ("en", "The old lamp was useless, so I bought another.", set()),
        ("en", "I'm not sure, it might possibly work.", {"hedge"}),
        ("en", "So you know, it was basically done.", {"filler"}),
        ("en", "Do you know the number?", set()),
        ("en", "As I already said, as I wrote before.", {"blame"}),
        ("en", "thx, will do asap", {"chat-slang"}),
        ("it", "Le dispiace attendere? Si figuri.", {"politeness", "please", "welcome", "formal-address"}),
        ("it", "Signora Rossi, la ringrazio.", {"politeness", "thanks", "formal-address"}),
        ("it", "Ciao, ti richiamo.", {"informal-address"}),
        ("it", "Siete dei ladri!", {"insult"}),
        ("it", "Mi hanno rubato la carta, sono stati i ladri.", set()),
        ("it", "Praticamente è partito, diciamo.", {"filler"}),
        ("it", "Non saprei, credo di sì.", {"hedge"}),
        ("fa", "ممکنه لطفاً تکرار کنید؟", {"politeness", "please"}),
        ("fa", "خانم رضایی، خدمتتون عرض کنم.", {"formal-address"}),
        ("fa", "صبر کن عزیزم.", {"informal-address"}),
        ("fa", "خیلی بی‌شعوری!", {"insult"}),
        ("fa", "کیسه‌ی زباله خریدم.", set()),
        ("fa", "به قول معروف، تموم شد.", {"filler"}),
    ],
)  # fmt: skip
def test_a_list_finds_what_it_means(tmp_path: Path, language: str, line: str, wanted: set[str]) -> None:
    lists = ", ".join(packaged(f"lexicons/{language}").lists)
    rules = f"  - {{id: all, title: All, say: [{lists}]}}\n"
    made = house(tmp_path, f"use: lexicons/{language}", rules, language)
    assert said(made, f"agent: {line}") == wanted
