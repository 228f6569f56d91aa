"""What somebody wrote in an e-mail: its text, without what it quotes and without the mail program's lines.

Everything here is linear in the length of the mail: a search by regular expressions over the whole mail, as
libraries do it, takes minutes for a hostile one of 100 kB.
"""

import html
import re
from email.message import EmailMessage, Message

from audit.arrivals import Rejected

WROTE = (
    (("On ",), ("wrote:", "writes:")),
    (("Il ",), ("ha scritto:", "ha scritto :")),
    (("در ", "On "), ("نوشت:", "نوشته است:")),
    (("Am ", "Den "), ("schrieb:", "skrev:")),
    (("Le ",), ("a écrit :", "a écrit :", "a écrit:")),
    (("El ",), ("escribió:",)),
    (("Em ", "A "), ("escreveu:",)),
    (("Op ",), ("schreef:",)),
)
"""How the line over a quoted mail begins and ends: en, it, fa, de and Scandinavian, fr, es, pt, nl. As Gmail,
Apple Mail, Thunderbird and Yahoo write it."""

_ENDS = tuple(end for _, ends in WROTE for end in ends)

_FIELD = re.compile(
    r"[*_ ]*(from|sent|date|to|cc|subject|da|inviato|data|a|oggetto|von|gesendet|datum|an|betreff|de|envoyé|"
    r"à|objet|enviado|para|asunto|از|ارسال شده|تاریخ|به|موضوع)[*_ ]*:[*_ ]*\S.*",
    re.IGNORECASE,
)
"""A line of the block that Outlook puts over a quoted mail."""

_SEPARATOR = re.compile(
    r"[-_ ]{2,}(original message|forwarded message|messaggio originale|messaggio inoltrato|پیام اصلی|"
    r"ursprüngliche nachricht|message d'origine|mensaje original)[-_ ]{2,}|_{20,}",
    re.IGNORECASE,
)

_PROGRAM = re.compile(
    r"(sent from|get outlook for|inviato da|ottieni outlook|gesendet von|envoyé de|enviado desde|"
    r"ارسال شده از)\b.{0,60}",
    re.IGNORECASE,
)

LONGEST_LETTERS = 1_000_000
"""Nobody writes more in one mail: it is an attachment that was pasted."""


def new_text(text: str) -> str:
    """What is new in a mail, line by line: what it quotes, the signature under `-- ` and the lines of mail
    programs are left out. Closing formulas stay: standards ask for them."""
    lines = [line.strip() for line in text[:LONGEST_LETTERS].replace("\r\n", "\n").split("\n")]
    kept: list[str] = []
    for number, line in enumerate(lines):
        if line == "--" or _SEPARATOR.fullmatch(line) or _heads_a_quote(lines, number):
            break
        if line.endswith(_ENDS) and (begins := _attribution(kept, line)) is not None:
            del kept[begins:]
            break
        if not line.startswith(">") and not _PROGRAM.fullmatch(line):
            kept.append(line)
    return "\n".join(kept).strip()


def _attribution(kept: list[str], line: str) -> int | None:
    """Where the one to three lines over a quoted mail begin, counted in `kept`; None where they are none."""
    for back in range(min(2, len(kept)) + 1):
        first = line if back == 0 else kept[len(kept) - back]
        if any(first.startswith(starts) and line.endswith(ends) for starts, ends in WROTE):
            return len(kept) - back
    return None


def _heads_a_quote(lines: list[str], number: int) -> bool:
    """Whether three or more lines like `From: …` begin here, as over a quoted mail."""
    block = [line for line in lines[number : number + 4] if line]
    return len(block) >= 3 and all(_FIELD.fullmatch(line) for line in block[:3])


def text_of(message: Message) -> str:
    """The text of a mail: its plain part, or its HTML part without the quotes that are marked in it."""
    mail = message if isinstance(message, EmailMessage) else EmailMessage()
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, UnicodeDecodeError, KeyError):
        # A character set that nobody knows: what is ASCII in it can be read all the same.
        raw = part.get_payload(decode=True)
        content = raw.decode("ascii", errors="replace") if isinstance(raw, bytes) else ""
    return of_html(content) if part.get_content_subtype() == "html" else content


def of_html(content: str) -> str:
    """The text of HTML, a line for each block; what is marked as quoted, styles and scripts are left out.

    One pass over the tags: libraries build a tree, which takes a minute for 20,000 nested blocks.
    """
    texts: list[str] = []
    left_out, depth = "", 0
    for close, tag, attributes, text in _PIECE.findall(_without_comments(content[:LONGEST_LETTERS])):
        name = tag.lower()
        if left_out:
            if name == left_out:
                depth += -1 if close else 1
                left_out = left_out if depth else ""
        elif not close and (name in _UNREAD or _QUOTES & set(re.split(r"[\s\"'=]+", attributes))):
            left_out, depth = name, 1
        elif name in _BLOCKS:
            texts.append("\n")
        else:
            texts.append(text)
    return html.unescape("".join(texts))


def _without_comments(content: str) -> str:
    parts = content.split("<!--")
    # One that does not end takes nothing with it.
    return parts[0] + "".join(p.partition("-->")[2] if "-->" in p else p for p in parts[1:])


_PIECE = re.compile(r"<(/?)([a-zA-Z!][a-zA-Z0-9]*)([^<>]*)>|([^<]+|<)")
_UNREAD = frozenset({"blockquote", "script", "style", "head"})
_BLOCKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "body", "html"})
_QUOTES = frozenset({"gmail_quote", "yahoo_quoted", "moz-cite-prefix"})
"""How Gmail, Yahoo and Thunderbird mark what they quote."""


def part_of(path: str, mediatype: str, body: str) -> Message:
    """The mail whose body and Content-Type are given apart, as vCon keeps it.

    Raises:
        Rejected: the type is none.
    """
    import email
    import email.policy

    kind = " ".join(mediatype.split())
    if not kind.isprintable():
        raise Rejected(path, None, "the media type of a mail holds control characters")
    return email.message_from_string(f"Content-Type: {kind}\n\n{body}", policy=email.policy.default)
