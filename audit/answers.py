"""The file of approved answers: what customers ask, and what the house answers, in each of its languages."""

import functools
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictInt

from audit import yamlfile
from audit.pattern import BadPattern, unfold
from audit.rubric import Slug
from audit.rules import Texts
from audit.yamlfile import Document, Path_
from models.language import UnknownLanguage, tokeniser, tokens_of
from models.paraphrases import Paraphrases
from models.phrases import Phrases

ASK, APPROVED, WRONG = "ask", "approved", "wrong"
"""The phrases of a question: how it is asked, the house's answer, answers that are known to be wrong."""


class Question(yamlfile.Checked):
    """One question of customers, with patterns by language as rubrics have them under `phrases`."""

    id: Slug
    title: str
    ask: Annotated[dict[str, Texts], Field(min_length=1)]
    approved: dict[str, Texts] = {}
    means: dict[str, Texts] = {}
    """Sentences that say the approved answer: what means the same is it, too."""
    wrong: dict[str, Texts] = {}
    source: str = ""
    """Where the house has decided it."""

    def patterns(self, part: str, language: str) -> Texts:
        """The patterns of one part (`ASK`, `APPROVED`, `WRONG`) in a language."""
        found: dict[str, Texts] = getattr(self, part)
        return found.get(language, ())


class Answers(yamlfile.Checked):
    """All questions of a house."""

    answers: Slug
    version: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 1
    title: str = ""
    slots: dict[str, Texts] = {}
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which something is asked."""
        return tuple(sorted({language for one in self.questions for language in one.ask}))

    @functools.cached_property
    def _finders(self) -> dict[str, Phrases]:
        return {}

    def finder(self, language: str) -> Phrases:
        """Finds questions and answers in words of a language, by the names `ask:ID`, `approved:ID`,
        `wrong:ID`."""
        if language not in self._finders:
            sequences = {
                f"{part}:{one.id}": [s for p in patterns for s in unfold(p, language, self.slots)]
                for one in self.questions
                for part in (ASK, APPROVED, WRONG)
                if (patterns := one.patterns(part, language))
            }
            means = {f"{APPROVED}:{q.id}": q.means[language] for q in self.questions if language in q.means}
            # A question may be asked of what is not: "can't I return it".
            asked = [name for name in sequences if name.startswith(ASK)]
            own = {
                form for some in self.slots.values() for text in some for form in tokens_of(text, language)
            }
            found = Phrases(language, sequences, own, asked, Paraphrases(language, means))
            self._finders[language] = found
        return self._finders[language]


def load_answers(path: Path) -> Answers:
    """The approved answers in a YAML file.

    Raises:
        yamlfile.BadFile: with every problem of the file, each at its line.
    """
    document = yamlfile.read_document(path)
    found = yamlfile.check(document, Answers, functools.partial(_where, document))
    if isinstance(document.value, dict):
        _check_questions(document)
    document.raise_problems()
    if found is None:
        raise RuntimeError(f"{path}: refused without a problem")
    return found


def _where(document: Document, place: Path_) -> str:
    """The id of the question around a place."""
    if place[:1] == ("questions",) and len(place) > 1:
        try:
            row = document.value["questions"][place[1]]
        except (KeyError, IndexError, TypeError):
            return ""
        return row["id"] if isinstance(row, dict) and isinstance(row.get("id"), str) else ""
    return ""


def _check_questions(document: Document) -> None:
    """Reports what a single value cannot show; works on the plain values, so that all problems are told."""
    given = document.value.get("slots")
    slots = {
        name: tuple(t for t in ([value] if isinstance(value, str) else value) if isinstance(t, str))
        for name, value in (given.items() if isinstance(given, dict) else ())
        if isinstance(value, str | list)
    }
    questions = document.value.get("questions")
    seen: dict[str, int] = {}
    for number, row in enumerate(questions if isinstance(questions, list) else ()):
        if not isinstance(row, dict):
            continue
        place: Path_ = ("questions", number)
        name = row.get("id")
        if isinstance(name, str):
            if name in seen:
                told = f"duplicate id '{name}', first on line {seen[name]}"
                document.report((*place, "id"), told, where=name)
            seen.setdefault(name, document.line_of((*place, "id")))
        _check_question(document, place, row, slots)


def _check_question(
    document: Document, place: Path_, row: dict[str, Any], slots: dict[str, tuple[str, ...]]
) -> None:
    where = row["id"] if isinstance(row.get("id"), str) else ""
    parts = {part: row[part] for part in (ASK, APPROVED, WRONG, "means") if isinstance(row.get(part), dict)}
    unfolded: dict[tuple[str, str], dict[tuple[str, ...], str]] = {}
    for part, by_language in parts.items():
        for language, value in by_language.items():
            at: Path_ = (*place, part, language)
            try:
                tokeniser(str(language))
            except UnknownLanguage as error:
                document.report(at, str(error), where=where)
                continue
            patterns = [value] if isinstance(value, str) else value if isinstance(value, list) else []
            if isinstance(value, list) and not patterns:
                document.report(at, "no patterns; expected at least one", where=where)
            for index, pattern in enumerate(patterns):
                here = (*at, index) if isinstance(value, list) else at
                if not isinstance(pattern, str):
                    continue
                if part == "means":
                    if not pattern.strip() or set(pattern) & set("|*{}~"):
                        told = f"'{pattern}': expected a sentence as people say it; patterns stand elsewhere"
                        document.report(here, told, where=where)
                    continue
                try:
                    sequences = unfold(pattern, language, slots)
                except BadPattern as error:
                    document.report(here, str(error), where=where)
                    continue
                unfolded.setdefault((part, language), {}).update(dict.fromkeys(sequences, pattern))
                both = unfolded.get((APPROVED, language), {}) if part == WRONG else {}
                if same := next((s for s in sequences if s in both), None):
                    told = f"'{' '.join(same)}' is approved and wrong; keep one"
                    document.report(here, told, where=where)
    asked = set(parts.get(ASK, {}))
    answered = set(parts.get(APPROVED, {})) | set(parts.get("means", {}))
    if asked and ASK in parts:
        for language in sorted(asked - answered):
            told = f"asked in '{language}', but nothing is approved in it; add it under approved or means"
            document.report((*place, ASK, language), told, where=where)
        for part in (APPROVED, WRONG, "means"):
            for language in sorted(set(parts.get(part, {})) - asked):
                document.report(
                    (*place, part, language), f"never asked in '{language}'; add it under ask", where=where
                )
