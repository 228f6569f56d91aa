"""What the judge asked and found on its way to a verdict, told by the functions that judge."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Step(NamedTuple):
    """One call of a `traced` function: with what, what it gave, and the steps inside it."""

    name: str
    given: dict[str, Any]
    gave: Any
    inside: tuple["Step", ...]

    def all(self, name: str) -> Iterator["Step"]:
        """The steps of this name in this one, at any depth, in order."""
        for step in self.inside:
            if step.name == name:
                yield step
            yield from step.all(name)


_steps: ContextVar[list[Step] | None] = ContextVar("steps", default=None)


def traced(function: Callable[P, R]) -> Callable[P, R]:
    """The same function; inside `tracing` each of its calls is a `Step`.

    Elsewhere it costs a look at one variable, so that judging stays as fast as it is.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        outer = _steps.get()
        if outer is None:
            return function(*args, **kwargs)
        inside: list[Step] = []
        token = _steps.set(inside)
        try:
            gave = function(*args, **kwargs)
        finally:
            _steps.reset(token)
        given = signature.bind(*args, **kwargs).arguments
        outer.append(Step(function.__name__, given, gave, tuple(inside)))
        return gave

    return call


def is_tracing() -> bool:
    """Whether steps are written down: then what is known already is asked again, to be told again."""
    return _steps.get() is not None


@contextlib.contextmanager
def tracing() -> Iterator[list[Step]]:
    """Inside, `traced` functions write down their calls; yields the list they are written to."""
    steps: list[Step] = []
    token = _steps.set(steps)
    try:
        yield steps
    finally:
        _steps.reset(token)
