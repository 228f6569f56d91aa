"""What is taken out of a recogniser's words, and what stays."""

import pytest

from models.invented import sift
from models.observations import Word, span
from models.recogniser import Passage

WORD_S = 0.3


def passage(text: str, probability: float = 0.9, start_s: float = 0.0, **judged: float) -> Passage:
    words = tuple(
        Word(span(start_s + i * WORD_S, start_s + (i + 1) * WORD_S), word, probability)
        for i, word in enumerate(text.split())
    )
    return Passage(words, **judged)


def sifted(heard: Passage, language: str = "en", speech=((0.0, 60.0),)) -> tuple[str, list[tuple[str, str]]]:
    words, removed = sift(heard, language, "channel-0", [span(*s) for s in speech])
    return " ".join(w.text for w in words), [(r.text, r.reason) for r in removed]


@pytest.mark.parametrize(
    ("heard", "stays"),
    [
        (passage("thank you for calling"), "thank you for calling"),
        (passage("no no no no that is not right"), "no no no no that is not right"),
        (passage("bye bye bye"), "bye bye bye"),
        (passage("thank you"), "thank you"),
        (passage("hello there", log_probability=-1.5, no_speech=0.2), "hello there"),
        (passage("hello there", log_probability=-0.4, no_speech=0.9), "hello there"),
    ],
)
def test_what_people_say_stays(heard, stays):
    assert sifted(heard) == (stays, [])


@pytest.mark.parametrize(
    ("heard", "language", "stays", "reason"),
    [
        (passage("Thank you for watching!", 0.4), "en", "", "a sentence that recognisers make up"),
        (passage("you", 0.3), "en", "", "a sentence that recognisers make up"),
        (passage("Sottotitoli e revisione a cura di QTSS", 0.5), "it", "", "a sentence that recognisers make up"),
        (passage("ممنون که تماشا کردید", 0.5), "fa", "", "a sentence that recognisers make up"),
        (passage("so so so so so so so so well"), "en", "so well", "the same words over and over"),
        (passage("yes I know " * 5 + "bye"), "en", "yes I know bye", "the same words over and over"),
        (
            passage("what was that", log_probability=-1.5, no_speech=0.8),
            "en",
            "",
            "the recogniser itself held it for silence",
        ),
    ],
)  # fmt: skip
def test_what_nobody_said_is_taken_out_and_told(heard, language, stays, reason):
    words, removed = sifted(heard, language)
    assert words == stays
    assert [why for _, why in removed] == [reason]


def test_words_over_silence_are_taken_out():
    words, removed = sifted(passage("hello hello are you there"), speech=((0.0, 0.6),))
    assert (words, removed) == ("hello hello are you", [("there", "nobody speaks there")])


@pytest.mark.parametrize(
    ("speech", "stays"),
    [
        (((0.0, 1.0), (9.0, 10.0)), "not here but here"),
        (((0.0, 1.0), (5.0, 6.0), (9.0, 10.0)), "not here but here"),
        (((0.0, 1.0), (5.0, 6.0)), "not here"),
        (((5.0, 6.0),), ""),
        ((), ""),
    ],
)
def test_only_the_nearest_speech_matters(speech, stays):
    heard = Passage((*passage("not here").words, *passage("but here", start_s=9.0).words))
    assert sifted(heard, speech=speech)[0] == stays
