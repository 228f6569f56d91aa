"""Takes personal data out of the texts of a vCon, wherever they stand in it."""

from collections.abc import Sequence
from typing import Any

from audit.arrivals import Rejected
from audit.interactions import Interaction, Role
from audit.mail import of_html, part_of, text_of
from audit.originals import closed, opened
from audit.redaction import clean, names_of
from audit.vcons import VconParty, party_of
from models.observations import UNDETERMINED

KEPT_OF_PARTIES = ("role", "type", "org", "dept", "meta")
"""What is kept of parties that are no agents; of `meta` only the role."""

KEPT = frozenset(
    {"vcon", "uuid", "created_at", "updated_at", "start", "time", "type", "encoding", "mediatype", "mimetype"}
    | {"alg", "signature", "content_hash", "disposition", "event", "vendor", "product", "schema", "role"}
    | {"language", "message_id"}
)
"""Keys of values that no person wrote."""


class Cleaning:
    """One vCon being cleaned; `gone` says what was removed from where."""

    def __init__(self, interactions: Sequence[Interaction], document: dict[str, Any]) -> None:
        self.gone: list[dict[str, str]] = []
        others = [p for p in document.get("parties", []) if isinstance(p, dict) and not _is_agent(p)]
        named = [str(p.get("name") or "") for p in others]
        self._names = frozenset().union(*(names_of(one, *named) for one in interactions))
        self._language = next((one.language for one in interactions if one.language), UNDETERMINED)

    def document(self, value: dict[str, Any]) -> dict[str, Any]:
        """The vCon without personal data; recordings in it must have been replaced before."""
        done = {}
        for key, one in value.items():
            if key == "parties" and isinstance(one, list):
                done[key] = [self._party(party, f"parties[{n}]") for n, party in enumerate(one)]
            elif key in ("dialog", "attachments", "analysis") and isinstance(one, list):
                done[key] = [self._piece(piece, f"{key}[{n}]") for n, piece in enumerate(one)]
            else:
                done[key] = self._any(one, key, key)
        return done

    def _remove(self, where: str, kind: str) -> None:
        self.gone.append({"where": where, "kind": kind})

    def _party(self, party: Any, where: str) -> Any:
        if not isinstance(party, dict) or _is_agent(party):
            return party
        kept = {key: value for key, value in party.items() if key in KEPT_OF_PARTIES}
        if isinstance(kept.get("meta"), dict):
            kept["meta"] = {key: value for key, value in kept["meta"].items() if key == "role"}
            if len(kept["meta"]) < len(party["meta"]):
                self._remove(f"{where}.meta", "party")
        for key in party.keys() - kept.keys():
            self._remove(f"{where}.{key}", "party")
        return kept

    def _piece(self, piece: Any, where: str) -> Any:
        """A dialog, an attachment or an analysis."""
        if not isinstance(piece, dict):
            return self._any(piece, where, "")
        done = {
            key: self._any(value, f"{where}.{key}", key)
            for key, value in piece.items()
            if key not in ("body", "encoding", "url", "filename", "party_history")
        }
        for key in ("url", "filename"):
            # What lies elsewhere was not redacted, and the name of a file may be anybody's.
            if key in piece:
                self._remove(f"{where}.{key}", "address" if key == "url" else "file name")
        if "party_history" in piece:
            done["party_history"] = self._history(piece["party_history"], f"{where}.party_history")
        if "body" in piece:
            done |= self._body(piece, where)
        elif "encoding" in piece:
            done["encoding"] = piece["encoding"]
        return done

    def _history(self, events: Any, where: str) -> Any:
        """Who came and went, without the keys that were pressed."""
        if not isinstance(events, list):
            return events
        kept = [e for e in events if not (isinstance(e, dict) and str(e.get("event", "")).startswith("key"))]
        if len(kept) < len(events):
            self._remove(where, "keys pressed")
        return kept

    def _body(self, piece: dict[str, Any], where: str) -> dict[str, Any]:
        body, encoding = piece["body"], piece.get("encoding")
        place = f"{where}.body"
        about = {"encoding": encoding} if "encoding" in piece else {}
        media = str(piece.get("mediatype") or piece.get("mimetype") or "")
        if piece.get("type") == "recording":
            # It has been replaced by a copy without what must not be heard or seen.
            return {"body": body, **about}
        inside = opened(body, encoding)
        text = body if encoding in (None, "none") else inside
        if isinstance(text, str) and media.startswith(("multipart/", "message/", "text/html")):
            return self._mail(text, media, place)
        if encoding in ("base64url", "base64") and inside is None:
            self._remove(place, f"what cannot be searched ({media or 'no media type'})")
            return {}
        if inside is None:
            return {"body": self._any(body, place, ""), **about}
        return {"body": closed(self._any(inside, place, ""), inside, body, str(encoding)), **about}

    def _mail(self, text: str, media: str, where: str) -> dict[str, Any]:
        """Only the text of a mail or a page: what is encoded in the rest cannot be searched."""
        try:
            plain = of_html(text) if media.startswith("text/html") else text_of(part_of("", media, text))
        except Rejected:
            plain = ""
        self._remove(where, f"all but the text of {media.partition(';')[0]}")
        return {"body": self._any(plain.strip(), where, ""), "encoding": "none", "mediatype": "text/plain"}

    def _any(self, value: Any, where: str, key: str) -> Any:
        if key in KEPT:
            return value
        if isinstance(value, dict):
            return {name: self._any(one, f"{where}.{name}", name) for name, one in value.items()}
        if isinstance(value, list):
            return [self._any(one, f"{where}[{n}]", "") for n, one in enumerate(value)]
        if not isinstance(value, str):
            return value
        done, kinds = clean(value, self._language, self._names)
        for kind in kinds:
            self._remove(where, kind)
        return done


def _is_agent(party: dict[str, Any]) -> bool:
    known = {key: party.get(key) for key in ("name", "role", "meta") if key in party}
    try:
        return party_of(VconParty(**known), None).role in (Role.AGENT, Role.BOT)
    except (TypeError, AttributeError):
        return False
