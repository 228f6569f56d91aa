"""The words by which people name card numbers, codes and passwords, ask for them and refuse to give them."""

import functools
import re

CARD, CODE, EXPIRY, PIN, PASSWORD, ONE_TIME = (
    "card_number",
    "security_code",
    "expiry_date",
    "pin",
    "password",
    "one_time_code",
)
KINDS = (CARD, CODE, EXPIRY, PIN, PASSWORD, ONE_TIME)
"""What is cut. Source: PCI DSS 4.0, requirements 3.3.1 (codes and PINs are never stored) and 3.5.1 (card
numbers); the expiry date goes with the card number; passwords and one-time codes open accounts."""

MARKS = {kind: f"[{kind.replace('_', ' ')}]" for kind in KINDS}
"""What stands in a transcript instead."""

DIGITS = {CODE: (3, 4), EXPIRY: (3, 6), PIN: (4, 6), ONE_TIME: (4, 8)}
"""How many digits each has (ISO 7813 and 9564-1 for the first three; one-time codes by custom)."""

_NAMED: dict[str, tuple[str, ...]] = {
    CARD: (
        r"(credit|debit|bank|payment) card|card (number|details)|(the|your|my|a) card\b|long number|visa|"
        r"master ?card|amex|american express|(sixteen|16) digits?|\bpan number",
        r"numero (lungo|della (mia |sua |tua )?carta|di carta)|carta( di credito| di debito|\b)|bancomat|postepay",
        r"کارت|شماره ?کارت",
    ),
    CODE: (
        r"(?<!social )security (code|number)|\bc ?v ?[vc] ?2?\b|card verification|(three|3|four|4) (digits?|numbers?)( code)? "
        r"(on|at) the (back|front|reverse)|last (three|3) (digits|numbers)|signature strip",
        r"codice (di sicurezza|di verifica della carta)|\bc ?v ?[vc] ?2?\b|(tre|3|quattro|4) cifre (sul|dietro)",
        r"کد امنیتی|سی ?وی ?وی ?(دو|2)?|\bcvv ?2?\b",
    ),
    EXPIRY: (
        r"expiry|expiration|expiring|expires? (on|in|end)|valid (un)?til|valid thru",
        r"scadenza|scade (il|nel|a)\b|data di scadenza",
        r"تاریخ ?انقضا|انقضای",
    ),
    PIN: (
        r"\bpin( number| code)?\b|telephone banking code|memorable number",
        r"\b(il|codice|tuo|suo|mio) pin\b",
        r"\bpin\b|پین ?کد|رمز (اول|کارت|عابر)",
    ),
    PASSWORD: (
        r"pass ?words?\b|pass ?phrase|memorable word|security word",
        r"password|parola d'ordine|parola chiave",
        r"رمز ?عبور|پسورد|گذرواژه|کلمه ?عبور",
    ),
    ONE_TIME: (
        r"one[- ]time|\bo ?t ?p\b|pass ?code|(verification|authentication|confirmation|authori[sz]ation|login) code|"
        r"code (that )?(we|i)( have|'ve)?( just)? (sent|texted|emailed)|texted you a|six[- ]digit code",
        r"codice (otp|temporaneo|usa e getta|di verifica|che (le|ti) (abbiamo|ho))|\botp\b",
        r"رمز ?(دوم|پویا|یک ?بار|موقت)|کد (تایید|تأیید|پیامک|ارسال)",
    ),
}

_OTHER = (
    r"(?<!on your )(?<!to your )(?<!on the )(?<!on my )\b(phone|telephone|mobile|cell)\b|\b(landline|order|tracking|reference|ref|account|iban|sort code|policy|serial|"
    r"imei|post ?code|zip|ticket|case|booking|invoice|customer number|membership|loyalty|parcel|meter|barcode|"
    r"isbn|vat|insurance|social security|call us|ring us|date of birth|born|address|router|model)\b",
    r"(?<!sul )(?<!sul suo )(?<!al )(?<!al suo )\b(telefono|cellulare)\b|\b(ordine|tracciamento|riferimento|conto|iban|polizza|serie|seriale|pratica|ticket|"
    r"prenotazione|fattura|cliente|fedeltà|spedizione|contatore|partita iva|codice fiscale|nato|nata|indirizzo|"
    r"cap)\b",
    r"(?<!به )(?<!روی )(تلفن|موبایل|همراه)|(سفارش|پیگیری|حساب|شبا|بیمه|سریال|مشتری|پستی|فاکتور|کد ?ملی|قبض|کنتور|متولد)",
)
"""What has numbers too, long ones among them, that are no card's."""

_ASKS = (
    r"\?|\b(can|could|may|might|will|would) (i|you|we)\b|\bwhat('s| is| are| was)\b|\bplease\b|"
    r"\b(i|we)('ll| will| just| also)* need\b|\b(give|tell|read|spell|send) (me|us)\b|\b(and|go ahead with) (the|your)\b|"
    r"\bconfirm\b|\bprovide\b|\b(i|we)('ll| will) take\b|\bdo you have\b|\bhave you got\b",
    r"\?|\b(può|puoi|potrebbe|potresti|posso|mi|ci) (dir|dar|dett|legg|conferm|dic|dia|ripet|serv|forni)\w*|"
    r"\bqual('è| è|e)\b|^\W*e (il|lo|la|le|i|gli|l'|qual)|\bper favore\b|\bmi (dica|dia|detti|legga|serve|occorre)\b|\bho bisogno\b|\bavrei bisogno\b|"
    r"\b(dirmi|darmi|leggermi|dettarmi|confermarmi|ripetermi)\b",
    r"؟|\?|لطفا|بفرمایید|می ?تون\w* |می ?شه |بگید|بگین|بخوانید|بخونید|چیه|چیست|چنده|نیاز دار|لازم دار|بدید|بدین|بدهید",
)

_REFUSES = (
    r"\b(never|don't|do not|won't|will not|without|no need|shouldn't|should not|must not|mustn't|not ask|can't|"
    r"cannot|forgot|forgotten|reset|change|last (four|4)|keypad|key (it|them) in|secure (line|page|link)|automated|"
    r"why|remember|lost|to yourself)\b",
    r"\b(non|mai|senza|nessun\w*|dimenticat\w*|reimpost\w*|cambi\w*|ultime (quattro|4)|tastier\w*|tastiera|linea sicura|per sé|per se)\b",
    r"(نگویید|نگید|نگین|نفرمایید|نخونید|نخوانید|پیش خود|ندهید|ندید|هرگز|هیچ|نیاز نیست|لازم نیست|نمی ?خوا|فراموش|عوض|تغییر|چهار رقم آخر|صفحه ?کلید|درگاه)",
)
"""No demand, though the words stand beside each other: a warning, a reset, the last four digits (which may be
kept), or a number keyed in and not spoken."""

_GIVEN = re.compile(
    r"(?:is|was|it's|è|era|sarebbe|=|:)\s+(?:called |spelled |now |set to |su |من )?(?P<en>\S+)|"
    r"(?:عبور|پسورد|گذرواژه)(?:م|ام| من)?\s+(?P<fa>\S+)\s+(?:است|هست|ه)\b",
)

EMPTY = frozenset(
    "a an the not no now still being in on with wrong incorrect invalid expired correct right required working "
    "needed locked blocked forgotten lost it that this very too only case something secure safe weak strong the my "
    "your our to for and or of yes sure ok okay well um uh so is it's was i i'm would be going good hello thanks "
    "thank you please actually just hold one moment non un una il la lo errata sbagliata scaduta corretta mia sua "
    "bloccata sì certo allora è sono ecco e di che per me grazie بله آره خب من رو را است هست اشتباه غلط این نیست "
    "because when what how never always also there here about asking asked not".split()
)
"""Words after "the password is" that are no password, and those of an answer that say nothing."""


@functools.cache
def named(kind: str, language: str) -> re.Pattern[str]:
    """Finds the names of a kind in normal words; of a language without words here, those of all three."""
    return re.compile("|".join(_of(_NAMED[kind], language)))


@functools.cache
def other_numbers(language: str) -> re.Pattern[str]:
    """Finds the names of what has long numbers and is no card."""
    return re.compile("|".join(_of(_OTHER, language)))


@functools.cache
def any_named(language: str) -> re.Pattern[str]:
    """Finds the name of any kind: most utterances hold none, and are done with."""
    return re.compile("|".join(part for kind in KINDS for part in _of(_NAMED[kind], language)))


@functools.cache
def _asks(language: str) -> re.Pattern[str]:
    return re.compile("|".join(_of(_ASKS, language)))


@functools.cache
def _refuses(language: str) -> re.Pattern[str]:
    return re.compile("|".join(_of(_REFUSES, language)))


def _of(texts: tuple[str, ...], language: str) -> tuple[str, ...]:
    languages = ("en", "it", "fa")
    return (texts[languages.index(language)],) if language in languages else texts


ASK_REACH = 60
"""A demand and what it asks for stand so many letters apart at most, about ten words: our choice."""

_PARTS = re.compile(r"[^.!?؟;\n]+[.!?؟;]*")


def plain(text: str) -> str:
    """A text in small letters as these patterns expect it; marks of what was cut name nothing."""
    if "[" in text:
        text = _MARKED.sub(" ", text)
    return text.casefold().replace("’", "'").replace("\u200c", " ").replace("ي", "ی").replace("ك", "ک")


_MARKED = re.compile("|".join(map(re.escape, MARKS.values())))


def asked(text: str, language: str) -> tuple[str, ...]:
    """The kinds that a text asks for; nothing for warnings, resets and the last four digits of a card."""
    lowered = plain(text)
    if not any_named(language).search(lowered):
        return ()
    found: dict[str, None] = {}
    for part in _PARTS.findall(lowered):
        if _refuses(language).search(part):
            continue
        for kind in KINDS:
            for name in named(kind, language).finditer(part):
                if kind == CARD and name[0].split()[-1] in _CARDS and not _NUMBER.search(part):
                    continue  # "Can I see your card" asks for no number.
                if _OWN.search(part[: name.start()]):
                    continue  # "Do you need my password?" offers it.
                near = part[max(0, name.start() - ASK_REACH) : name.end() + ASK_REACH]
                if _asks(language).search(near):
                    found[kind] = None
    return tuple(found)


_OWN = re.compile(r"\b(my|our|mia|mio|nostra|nostro)\s*$")
_CARDS = frozenset({"card", "carta", "visa", "amex", "کارت", "bancomat"})
_NUMBER = re.compile(r"number|numero|شماره|digits|cifre|رقم")


def refused(text: str, language: str) -> bool:
    """Whether a text refuses, forgets or warns rather than tells."""
    return bool(_refuses(language).search(plain(text)))


def says_no(text: str) -> bool:
    """Whether a text begins with a no."""
    return bool(_NO.match(plain(text)))


_NO = re.compile(r"\W*(no|nope|non|نه|نخیر)\b")


def password_in(text: str) -> str | None:
    """The word that a text gives as a password ("the password is bluebird"), in small letters."""
    lowered = plain(text)
    for kind_end in (m.end() for m in named(PASSWORD, "").finditer(lowered)):
        start = max(0, kind_end - 8)
        given = _GIVEN.search(lowered, start)
        if given is None or (given["en"] and given.start() - kind_end > MOST_BETWEEN):
            continue
        word = (given["en"] or given["fa"]).strip("\"'.,;:!?()«»")
        if word and word not in EMPTY:
            return word
    return None


MOST_BETWEEN = 25
"""Letters between "password" and "is" at most ("the password for my account is …"): our choice."""
