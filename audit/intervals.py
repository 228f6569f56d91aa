"""What of numbers is more than chance: means with their intervals, differences, and spread over people."""

import math
from collections.abc import Iterable, Sequence

import msgspec

LEVEL = 0.95
"""Of all intervals; of changes it holds for all that are compared together (Bonferroni)."""

LEAST = 5
"""With fewer on one side nothing is called a change: our choice; of four, one alone is a quarter."""


class Sums(msgspec.Struct, frozen=True):
    """Of scores (0 to 100): how many, their sum, the sum of their squares; a share counts as 0 or 100."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n else None

    @property
    def variance(self) -> float:
        """Of single scores around their mean; 0 with fewer than two."""
        return max(0.0, (self.squares - self.total**2 / self.n) / (self.n - 1)) if self.n > 1 else 0.0


class Interval(msgspec.Struct, frozen=True):
    low: float
    high: float


class Compared(msgspec.Struct, frozen=True):
    """One row: a team, a branch, a standard… in this stretch and in the one before."""

    name: str
    now: Sums
    before: Sums
    interval: Interval | None
    """Of the mean of now; None with fewer than two scores."""
    difference: float | None
    change: Interval | None
    """Of the difference; None where one side has fewer than `LEAST`."""

    @property
    def changed(self) -> bool:
        """Whether the difference is more than chance: its interval leaves out 0."""
        return self.change is not None and not self.change.low <= 0 <= self.change.high


class Evenness(msgspec.Struct, frozen=True):
    """How even the service is over people: the spread of employees' means beside that within one employee.

    `between` and `within` are standard deviations in points; `share` is how much of the variance lies between
    employees (intraclass correlation), with its interval.
    """

    employees: int
    between: float
    within: float
    share: float
    interval: Interval
    means: tuple[float, ...]
    """Of each employee with at least `LEAST` interactions, lowest first, without names."""


def level_of(pairs: Iterable[tuple[Sums, Sums]]) -> float:
    """The level of each of several intervals, so that `LEVEL` holds for all of them together."""
    compared = sum(min(one.n, other.n) >= LEAST for one, other in pairs)
    return 1 - (1 - LEVEL) / max(1, compared)


def compare(name: str, now: Sums, before: Sums, level: float = LEVEL, shares: bool = False) -> Compared:
    """Both, with the interval of their difference (Welch, 1947; of shares Agresti and Caffo, 2000)."""
    both = now.mean is not None and before.mean is not None
    difference = now.mean - before.mean if both else None  # type: ignore[operator]
    change = None
    if difference is not None and min(now.n, before.n) >= LEAST:
        change = _welch(_softened(now), _softened(before), level) if shares else _welch(now, before, level)
    return Compared(name, now, before, interval(now, shares), difference, change)


def interval(of: Sums, shares: bool = False) -> Interval | None:
    """Of a mean (Student), or of a share in percent (Agresti and Coull, 1998); None with fewer than two."""
    if of.n < 2:
        return None
    if shares:
        of = Sums(of.n + 4, of.total + 200.0, of.squares + 20_000.0)
    mean, half = of.total / of.n, _quantile(LEVEL, of.n - 1) * math.sqrt(of.variance / of.n)
    return Interval(max(0.0, mean - half), min(100.0, mean + half))


def _softened(share: Sums) -> Sums:
    """One met and one missed more: of ten that were all met it is not certain that all are."""
    return Sums(share.n + 2, share.total + 100.0, share.squares + 10_000.0)


def _welch(now: Sums, before: Sums, level: float) -> Interval:
    parts = (now.variance / now.n, before.variance / before.n)
    difference = now.total / now.n - before.total / before.n
    if not sum(parts):
        return Interval(difference, difference)
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / (now.n - 1) + parts[1] ** 2 / (before.n - 1))
    half = _quantile(level, degrees) * math.sqrt(sum(parts))
    return Interval(difference - half, difference + half)


def _quantile(level: float, degrees: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + level) / 2))


def evenness(people: Sequence[Sums]) -> Evenness | None:
    """The parts of the variance by a one-way analysis of variance; None with fewer than two employees.

    The interval of the share is that of Searle (1971), with a mean number of interactions where they differ.
    """
    from scipy.special import fdtri

    people = [one for one in people if one.n >= LEAST]
    whole = sum(people, Sums())
    groups, inside = len(people), whole.n - len(people)
    if groups < 2:
        return None
    within = sum(one.variance * (one.n - 1) for one in people) / inside
    grand = whole.total / whole.n
    between = sum(one.n * (one.total / one.n - grand) ** 2 for one in people) / (groups - 1)
    each = (whole.n - sum(one.n**2 for one in people) / whole.n) / (groups - 1)
    part = max(0.0, (between - within) / each)
    ratio = between / within if within else math.inf

    def share(f: float) -> float:
        return 1.0 if math.isinf(f) else max(0.0, (f - 1) / (f + each - 1))

    tail = (1 - LEVEL) / 2
    ends = (ratio / float(fdtri(groups - 1, inside, p)) for p in (1 - tail, tail))
    return Evenness(
        groups,
        math.sqrt(part),
        math.sqrt(within),
        part / (part + within) if part + within else 0.0,
        Interval(*map(share, ends)),
        tuple(sorted(one.total / one.n for one in people)),
    )
