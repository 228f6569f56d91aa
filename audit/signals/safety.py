"""The safety of the conversation: card data and secrets asked for, spoken or repeated; personal data;
identity before account data; consent to the recording."""

import functools
import re
from collections.abc import Callable

from audit.interactions import Conversation, Event, Role
from audit.personal import personal_data
from audit.signals import EventKind
from models.observations import Span, Utterance
from models.secret_words import KINDS as SECRETS
from models.secret_words import MARKS, asked, plain

IDENTITY, ACCOUNT, NOTICE = "identity-check", "account-data", "recording-notice"
"""Phrases of a rubric: how the house asks who somebody is, tells account data, says that it records."""

ANSWER_S = 60.0
"""So long after a question or a notice an answer to it may come: our choice, time to find a letter."""

_YES = re.compile(
    r"\b(yes|yeah|yep|sure|okay|ok|fine|of course|i agree|i do|no problem|go ahead|alright|all right)\b|"
    r"\b(sì|si|va bene|certo|d'accordo|accetto|nessun problema)\b|"
    r"(بله|آره|باشه|موافقم|مشکلی نیست|اشکالی ندار|حتما|قبول)"
)
_NO = re.compile(
    r"\b(no(?! problem)|nope|i'd rather not|i (do not|don't) (agree|want|consent)|not okay|stop recording)\b|"
    r"\b(non (voglio|sono d'accordo|accetto)|preferirei di no)\b|"
    r"(^|\s)(نه|نخیر|نمی ?خوا\w*|موافق نیستم|راضی نیستم)(\s|$|[،.؟!])"
)
_UNKNOWN = re.compile(
    r"\b(don't|do not|can't|cannot) (know|remember|have|find)\b|\bnon (so|ricordo|ce l'ho)\b|"
    r"نمی ?دانم|یادم نیست"
)


def spoken(kind: str, again: bool, conversation: Conversation) -> tuple[Event, ...]:
    """Each time that somebody says something of this kind; `again`: only what repeats another's words."""
    name = f"{kind}_{'repeated' if again else 'spoken'}"
    return tuple(
        Event(name, _lasting(one.span), conversation.role_of(one.speaker), one.confidence, MARKS[kind])
        for one in conversation.observations.cut
        if one.kind == kind and (one.again or not again)
    )


def asked_for(kind: str, conversation: Conversation) -> tuple[Event, ...]:
    """Each time that somebody asks for something of this kind, with the words."""
    return tuple(
        Event(f"{kind}_asked", _lasting(u.span), role, _heard(u), u.text)
        for role, u in conversation.utterances
        if kind in _asked(u.text, u.language)
    )


def _lasting(where: Span) -> Span:
    """The span; a message has none, and is given a moment so that windows can reach into it."""
    return where or Span(where.start_s, where.start_s + MOMENT_S)


MOMENT_S = 0.001
"""As much as a written conversation lasts beyond its last message."""


@functools.lru_cache(maxsize=4096)
def _asked(text: str, language: str) -> tuple[str, ...]:
    # Each of the kinds asks the same of every utterance.
    return asked(text, language)


def _heard(utterance: Utterance) -> float:
    """How surely the words of an utterance were heard, 0..1."""
    heard = [word.probability for word in utterance.words]
    return round(sum(heard) / len(heard), 3) if heard else 0.0


def personal_data_spoken(conversation: Conversation) -> tuple[Event, ...]:
    """Each e-mail address, telephone number, account number… that somebody says; `detail` says what.

    Card data are not among them: they have events of their own.
    """
    found = []
    for role, u in conversation.utterances:
        for one in personal_data(u):
            words = u.words[one.start : one.end]
            where = Span(words[0].span.start_s, words[-1].span.end_s)
            sure = round(one.sure * sum(w.probability for w in words) / len(words), 3)
            found.append(
                Event("personal_data_spoken", _lasting(where), role, sure, f"[{one.kind}]", detail=one.kind)
            )
    return tuple(found)


def identity_asked(conversation: Conversation) -> tuple[Event, ...]:
    """Each time that the agent asks who somebody is, by the phrase `identity-check`."""
    return tuple(_renamed(e, "identity_asked") for e in conversation.said(IDENTITY, Role.AGENT))


def identity_answered(conversation: Conversation) -> tuple[Event, ...]:
    """The customer's turn that answers such a question: the next one, unless it says that it cannot."""
    found = []
    for question in identity_asked(conversation):
        answer = _answer(conversation, question.span.end_s)
        if answer is None or _UNKNOWN.search(plain(answer.text)):
            continue
        found.append(
            Event(
                "identity_answered",
                _lasting(answer.span),
                Role.CUSTOMER,
                min(question.confidence, _heard(answer)),
            )
        )
    return tuple(dict.fromkeys(found))


def account_data_given(conversation: Conversation) -> tuple[Event, ...]:
    """Each time that the agent tells something of an account, by the phrase `account-data`."""
    return tuple(_renamed(e, "account_data_given") for e in conversation.said(ACCOUNT, Role.AGENT))


def account_data_unidentified(conversation: Conversation) -> tuple[Event, ...]:
    """Account data that the agent gives before any question who somebody is was answered."""
    given = account_data_given(conversation)
    if not given:
        return ()
    first_s = min((e.span.end_s for e in identity_answered(conversation)), default=float("inf"))
    return tuple(_renamed(e, "account_data_unidentified") for e in given if e.span.start_s < first_s)


def recording_agreed(conversation: Conversation) -> tuple[Event, ...]:
    """The customer's yes to a notice that the call is recorded (the phrase `recording-notice`)."""
    return _answers("recording_agreed", conversation)


def recording_refused(conversation: Conversation) -> tuple[Event, ...]:
    """The customer's no to such a notice."""
    return _answers("recording_refused", conversation)


def _answers(name: str, conversation: Conversation) -> tuple[Event, ...]:
    found = []
    for notice in conversation.said(NOTICE, Role.ANYONE):
        answer = _answer(conversation, notice.span.end_s)
        if answer is None:
            continue
        text = plain(answer.text)
        no = bool(_NO.search(text))
        if no if name == "recording_refused" else bool(_YES.search(text)) and not no:
            sure = min(notice.confidence, _heard(answer))
            found.append(Event(name, _lasting(answer.span), Role.CUSTOMER, sure, answer.text))
    return tuple(dict.fromkeys(found))


def _answer(conversation: Conversation, after_s: float) -> Utterance | None:
    """The customer's next utterance with words, None where none comes in time."""
    for role, u in conversation.utterances:
        if role == Role.CUSTOMER and after_s <= u.span.start_s <= after_s + ANSWER_S:
            return u
    return None


def _renamed(event: Event, name: str) -> Event:
    return Event(name, _lasting(event.span), event.role, event.confidence, event.text, event.likeness)


_NEEDS = frozenset({"utterances"})

_MEANS = {
    "spoken": "somebody says (part of) a {}; it is cut out of the words, and silent where it is played",
    "repeated": "somebody says again (part of) a {} that was said before",
    "asked": "somebody asks for a {}; not for its last four digits, nor to key it in",
}


def _secret_kinds() -> tuple[EventKind, ...]:
    found = []
    for kind in SECRETS:
        finders: dict[str, Callable[[Conversation], tuple[Event, ...]]] = {
            "spoken": functools.partial(spoken, kind, False),
            "repeated": functools.partial(spoken, kind, True),
            "asked": functools.partial(asked_for, kind),
        }
        found += [
            EventKind(f"{kind}_{what}", _MEANS[what].format(kind.replace("_", " ")), _NEEDS, find)
            for what, find in finders.items()
        ]
    return tuple(found)


KINDS = (
    *_secret_kinds(),
    EventKind(
        "personal_data_spoken",
        "an e-mail address, telephone number, IBAN, tax number or the like is said",
        _NEEDS,
        personal_data_spoken,
    ),
    EventKind("identity_asked", f"the agent says the phrase '{IDENTITY}'", _NEEDS, identity_asked),
    EventKind("identity_answered", "the customer answers it", _NEEDS, identity_answered),
    EventKind("account_data_given", f"the agent says the phrase '{ACCOUNT}'", _NEEDS, account_data_given),
    EventKind(
        "account_data_unidentified",
        f"the agent says '{ACCOUNT}' before a question of '{IDENTITY}' was answered",
        _NEEDS,
        account_data_unidentified,
    ),
    EventKind("recording_agreed", f"the customer says yes after '{NOTICE}'", _NEEDS, recording_agreed),
    EventKind("recording_refused", f"the customer says no after '{NOTICE}'", _NEEDS, recording_refused),
)
