"""Sentences that mean the same as a phrase, whatever their words: found by a sentence encoder.

An encoder turns a sentence into a point; sentences that mean alike lie near each other. It sees "not" badly:
a sentence that holds one where the phrase holds none, or the other way round, is taken as negated.
"""

import functools
import hashlib
import importlib.metadata
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import weights
from models.errors import ComportError
from models.language import BREAK, tokens_of
from models.negation import has_negator
from models.observations import Provenance

WEIGHTS = "sentence_encoder"
"""Of English; of other languages `COMPORT_SENTENCES` may name a folder with one."""

ENGINE = "onnxruntime"

FOLDER_VARIABLE = "COMPORT_SENTENCES"

MOST_TOKENS = 128
"""Source: tokenizer.json of all-MiniLM-L6-v2."""

ALIKE = 0.65
"""Sentences whose points have at least this cosine mean the same. Source: our measurement, see
docs/accuracy.md: of those found so at least seven in eight are right."""

DOUBT = 0.15
"""Of sentences that far below nobody knows: half of them to five in six mean the same (as above)."""

SUREST = 0.99
"""Meaning alone never agrees as words do: no more is said of any sentence. Our choice."""

PIECE_WORDS = 16
"""Longer sentences say several things. Our choice."""

_ENDS = frozenset(".?!؟…")


class BadEncoder(ComportError):
    """A sentence encoder that cannot be used."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(place, problem)
        self.place, self.problem = place, problem

    def __str__(self) -> str:
        return (
            f"the sentence encoder in {self.place} cannot be used: {self.problem}; expected model.onnx with "
            f"input_ids and attention_mask, and tokenizer.json; mend it, or unset {FOLDER_VARIABLE}"
        )


class Encoder:
    """A sentence encoder in ONNX form, with its tokenizer in a note or in `tokenizer.json` beside it."""

    def __init__(self, path: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        # Threads that wait while spinning cost a third more of the processors, which others could use.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            note = self._session.get_modelmeta().custom_metadata_map.get("tokenizer")
            self._tokeniser = Tokenizer.from_str(note or (path.parent / "tokenizer.json").read_text("utf-8"))
        except Exception as error:  # onnxruntime and tokenizers raise types of their own, some plain
            raise BadEncoder(str(path.parent), str(error).splitlines()[0]) from error
        self._path = path
        self._inputs = {one.name for one in self._session.get_inputs()}
        if not {"input_ids", "attention_mask"} <= self._inputs:
            raise BadEncoder(str(path.parent), f"its inputs are {', '.join(sorted(self._inputs))}")
        self._tokeniser.enable_truncation(MOST_TOKENS)
        self._tokeniser.enable_padding()

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of its weights."""
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Points of length 1, shape `(n, d)`: the mean of the tokens' points."""
        read = self._tokeniser.encode_batch(list(sentences))
        mask = np.array([one.attention_mask for one in read], np.int64)
        given: dict[str, Any] = {
            "input_ids": np.array([one.ids for one in read], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        out = self._session.run(None, {k: v for k, v in given.items() if k in self._inputs})[0]
        if out.ndim == 3:
            out = (out * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12), np.float32)


class Alike(NamedTuple):
    """Words `[start, end)` that mean what a phrase means; `likeness` is the cosine of the two points,
    at most `SUREST`."""

    phrase: str
    start: int
    end: int
    likeness: float
    sentence: str
    """Which of the phrase's sentences they are most like."""
    negated: bool


class Paraphrases:
    """Finds sentences that mean the same as one of those given for a phrase.

    Raises (from `find`):
        BadEncoder, WeightsCorrupt: there is an encoder, but not a usable one.
    """

    def __init__(self, language: str, means: Mapping[str, Sequence[str]], least: float = ALIKE) -> None:
        self.language, self.least = language, least
        self.names = frozenset(means)
        self._rows = [(name, sentence) for name, sentences in means.items() for sentence in sentences]
        self._negated = np.array([self._is_negated(sentence) for _, sentence in self._rows])

    @functools.cached_property
    def _encoder(self) -> Encoder | None:
        return find_encoder(self.language)

    @functools.cached_property
    def lacking(self) -> str:
        """What has to be done before anything can be found; empty where all is there."""
        if not self._rows or self._encoder:
            return ""
        if self.language == "en":
            return f"comport weights fetch {WEIGHTS}"
        return f"set {FOLDER_VARIABLE} to the folder of a sentence encoder for '{self.language}'"

    @property
    def provenance(self) -> Provenance | None:
        """Which encoder finds what is said in other words; None where that is not asked or nothing does."""
        if not self._rows or not self._encoder:
            return None
        version = importlib.metadata.version(ENGINE)
        parameters = (("language", self.language), ("alike", f"{self.least:g}"))
        return Provenance("meanings", ENGINE, version, self._encoder.digest, parameters)

    @functools.cached_property
    def _points(self) -> NDArray[np.float32]:
        encoder = self._encoder
        return encoder.encode([s for _, s in self._rows]) if encoder else np.empty((0, 0), np.float32)

    def _is_negated(self, sentence: str) -> bool:
        return has_negator(tokens_of(sentence, self.language), self.language)

    def find(self, words: Sequence[str]) -> list[Alike]:
        """For each sentence among the words (`BREAK` between breaths) the phrases that it means, in order.

        From `DOUBT` below `least` on those that it perhaps means are among them.
        """
        spans = list(sentences(words)) if self._rows else []
        if not spans or not self._encoder:
            return []
        said = [" ".join(words[start:end]) for start, end in spans]
        found: dict[tuple[str, int], Alike] = {}
        cosines = self._encoder.encode(said) @ self._points.T
        for row, column in np.argwhere(cosines >= self.least - DOUBT).tolist():
            name, sentence = self._rows[column]
            negated = self._is_negated(said[row]) != bool(self._negated[column])
            likeness = round(min(SUREST, float(cosines[row, column])), 3)
            alike = Alike(name, *spans[row], likeness, sentence, negated)
            best = found.get((name, row))
            if best is None or likeness > best.likeness:
                found[name, row] = alike
        return _apart(found.values())


def sentences(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the sentences among words begin and end; long ones in pieces that overlap by half.

    A sentence ends with a breath or a full stop; one word alone means too little.
    """
    start = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or words[end] == BREAK or words[end - 1][-1:] in _ENDS:
            begin = start + (words[start] == BREAK)
            yield from _pieces(begin, end)
            start = end


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    for begin in range(start, max(start + 1, end - PIECE_WORDS // 2), PIECE_WORDS // 2):
        if end - begin > 1:
            yield begin, min(end, begin + PIECE_WORDS)


def _apart(found: Iterable[Alike]) -> list[Alike]:
    """Of pieces of one phrase that overlap the likest, in order of place."""
    kept: list[Alike] = []
    for one in sorted(found, key=lambda a: (-a.likeness, a.start, a.phrase)):
        if not any(k.phrase == one.phrase and k.start < one.end and one.start < k.end for k in kept):
            kept.append(one)
    return sorted(kept, key=lambda a: (a.start, a.end, a.phrase))


@functools.lru_cache(maxsize=4)
def _encoder(path: Path) -> Encoder:
    return Encoder(path)


def find_encoder(language: str) -> Encoder | None:
    """The encoder for a language: that of `COMPORT_SENTENCES`, else for English `WEIGHTS`; None without.

    Raises:
        BadEncoder: the folder named has no usable encoder.
        WeightsCorrupt: the weights are not the pinned ones.
    """
    if chosen := os.environ.get(FOLDER_VARIABLE):
        return _encoder(Path(chosen).expanduser() / "model.onnx")
    if language != "en":
        return None
    try:
        return _encoder(weights.find(WEIGHTS))
    except weights.MissingWeights:
        return None
