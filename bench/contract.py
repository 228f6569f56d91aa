"""Whether the interface keeps what its OpenAPI document says: every operation asked for many odd things.

    bench/contract.py [--examples 200] [--seed 0] [--only NAME] [--json]

A home with a few judged calls, an admin's token with all scopes, the application without a network (WSGI).
Schemathesis makes `--examples` requests of each operation that fit the document, as many that do not, and as
many about things that are there. Every answer has to be one of the statuses that the document names, of the
type and shape that it says; what does not fit must be refused; nothing may be a 5xx. `failures` counts what
did not hold, each kind is shown once. The same seed asks the same.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, given
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import FeedbackSources

sys.path.insert(0, str(Path(__file__).parent.parent))

import web.api
import web.own
from audit.proposals import ProposalKind, propose
from audit.store import Store, open_store
from audit.tokens import TokenScope, add_token
from tests.test_rights import fill
from web import create_app

MODES = {
    "fitting": GenerationMode.POSITIVE,
    "not fitting": GenerationMode.NEGATIVE,
    "there": GenerationMode.POSITIVE,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one operation")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    begun_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        told = ask_all(Path(folder), arguments.examples, arguments.seed, arguments.only)
    told["seconds"] = round(time.perf_counter() - begun_s, 1)
    for failure in told.pop("told"):
        print(failure, file=sys.stderr)
    print(json.dumps(told) if arguments.json else "\n".join(f"{n:12} {v}" for n, v in told.items()))


def ask_all(folder: Path, examples: int, seed: int, only: str | None) -> dict[str, Any]:
    """The figures over all operations, and `told`: each kind of failure once."""
    # They would hide everything else.
    web.api.PER_MINUTE, web.own.PER_NAME = 10**9, "1000000 per minute"
    store = open_store(folder / "home")
    calls = fill(store, folder)
    app = create_app(store)
    app.logger.disabled = True
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=_config())
    [card] = store.scorecards(calls["released"].id)
    there = {"identity": card.interaction, "rubric": card.rubric, "digest": card.rubric_digest}
    there |= {"standard": "greets", "name": "auditor", "number": 1}
    propose(store, card.rubric, ProposalKind.NEW, "Thanks by name", "agent")
    asked: Counter[int] = Counter()
    told: dict[tuple[str, str], str] = {}
    operations = [one.ok() for one in schema.get_all_operations()]
    chosen = [one for one in operations if only in (None, one.definition.raw["operationId"])]
    # What removes things comes last.
    chosen.sort(key=lambda one: one.method.upper() == "DELETE")
    for operation in chosen:
        names = [one["name"] for one in operation.definition.raw["parameters"] if one["in"] == "path"]
        for mode in MODES:
            fixed = {name: there[name] for name in names if name in there} if mode == "there" else None
            if mode == "there" and not fixed:
                continue
            _ask(store, operation, mode, fixed, examples, seed, asked, told)
    return {
        "operations": len(chosen),
        "requests": sum(asked.values()),
        "statuses": {str(status): count for status, count in sorted(asked.items())},
        "failures": len(told),
        "told": list(told.values()),
    }


def _config() -> SchemathesisConfig:
    """What fits a document may still be refused for what is stored: no such rubric, changed meanwhile."""
    return SchemathesisConfig.from_dict(
        {
            # NUL is in no text of a database, and JSON Schema cannot say so.
            "generation": {"with-security-parameters": False, "allow-x00": False},
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "412", "422"]
                }
            },
        }
    )


def _ask(
    store: Store,
    operation: Any,
    mode: str,
    fixed: dict[str, Any] | None,
    examples: int,
    seed: int,
    asked: Counter[int],
    told: dict[tuple[str, str], str],
) -> None:
    # A token of its own: an operation may revoke the one before.
    secret, _ = add_token(store, "admin", list(TokenScope))
    sent = {"Authorization": f"Bearer {secret}"}

    # Words out of our sources are no dates, though they would be put where one is asked for.
    strategy = operation.as_strategy(MODES[mode], feedback=FeedbackSources(), path_parameters=fixed)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def each(case: Any) -> None:
        response = case.call(headers=sent)
        asked[response.status_code] += 1
        try:
            case.validate_response(response, headers=sent)
        except (Failure, FailureGroup) as failure:
            kinds = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
            for kind in kinds:
                name = f"{operation.method.upper()} {operation.path}"
                line = " ".join(f"{kind}".split())[:600]
                told.setdefault(
                    (name, type(kind).__name__),
                    f"{name} ({mode}): {type(kind).__name__}: {line}\n    {case.as_curl_command()[:600]}",
                )

    try:
        each()
    except hypothesis.errors.Unsatisfiable:
        return  # nothing can be wrong with what has no parts


if __name__ == "__main__":
    main()
