"""Which turns of a week are reviewed: a stratified random sample that can be drawn again. Pure.

The order within a stratum is that of a hash of seed and id, so that a draw depends on nothing else:
not on the database's order, not on when it is made.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

#: In the place of topics that are too small to have a stratum of their own.
OTHER = "…"
#: A stratum needs this many places in the sample on average; else small topics are joined.
PLACES = 3


@dataclass(frozen=True)
class Stratum:
    """Turns of one topic, decision and rung."""

    topic: str
    decision: str
    tier: str

    def __str__(self) -> str:
        return " / ".join(part or "–" for part in (self.topic, self.decision, self.tier))


@dataclass(frozen=True)
class Drawn:
    """A turn of the sample. `weight`: how many turns of the week it stands for."""

    turn_id: str
    stratum: Stratum
    weight: float


@dataclass(frozen=True)
class Share:
    """A stratum's part of a draw."""

    stratum: Stratum
    population: int
    drawn: int


def draw(turns: Iterable[tuple[str, Stratum]], *, size: int, seed: int) -> list[Drawn]:
    """At most `size` turns: one of each stratum at least, the rest in proportion.

    The sum of the weights is the number of turns, in each stratum and in all.
    """
    members: dict[Stratum, list[str]] = defaultdict(list)
    for turn_id, stratum in turns:
        members[stratum].append(turn_id)
    joined = _join_small(members, most=max(1, size // PLACES))
    places = allocate({stratum: len(ids) for stratum, ids in joined.items()}, size)
    drawn = []
    for stratum in sorted(joined, key=str):
        ids = sorted(joined[stratum], key=lambda turn_id: _order(seed, turn_id))
        for turn_id in ids[: places[stratum]]:
            drawn.append(Drawn(turn_id, stratum, len(ids) / places[stratum]))
    return drawn


def allocate(sizes: Mapping[Stratum, int], places: int) -> dict[Stratum, int]:
    """How many of each stratum: one each, then whoever is furthest below its part.

    With fewer places than strata the largest strata get them; `draw` joins strata before.
    """
    ordered = sorted(sizes, key=lambda stratum: (-sizes[stratum], str(stratum)))
    found = {stratum: int(position < places) for position, stratum in enumerate(ordered)}
    places = min(places, sum(sizes.values()))
    total = sum(sizes.values())
    for _ in range(places - sum(found.values())):
        short = [stratum for stratum in ordered if found[stratum] < sizes[stratum]]
        most = max(short, key=lambda item: sizes[item] * places / total - found[item])
        found[most] += 1
    return found


def _join_small(members: Mapping[Stratum, list[str]], *, most: int) -> dict[Stratum, list[str]]:
    """At most `most` strata: first small topics are joined, then rungs, then decisions."""
    joined = dict(members)
    for blank in ({"topic": OTHER}, {"topic": OTHER, "tier": OTHER}, None):
        excess = len(joined) - most
        if excess <= 0:
            return joined
        smallest = sorted(joined, key=lambda item: (len(joined[item]), str(item)))
        cut = set(smallest[: min(len(smallest), excess * 2)])
        regrouped: dict[Stratum, list[str]] = defaultdict(list)
        for stratum, ids in joined.items():
            if stratum not in cut:
                key = stratum
            elif blank is None:
                key = Stratum(OTHER, OTHER, OTHER)
            else:
                key = replace(stratum, **blank)
            regrouped[key].extend(ids)
        joined = dict(regrouped)
    return joined if len(joined) <= most else _one_rest(joined, most)


def _one_rest(members: Mapping[Stratum, list[str]], most: int) -> dict[Stratum, list[str]]:
    ordered: Sequence[Stratum] = sorted(members, key=lambda item: (-len(members[item]), str(item)))
    rest = [turn_id for stratum in ordered[most - 1 :] for turn_id in members[stratum]]
    kept = {stratum: members[stratum] for stratum in ordered[: most - 1]}
    everything_else = Stratum(OTHER, OTHER, OTHER)
    return {**kept, everything_else: [*kept.get(everything_else, []), *rest]}


def shares(turns: Sequence[Drawn]) -> list[Share]:
    """The strata of a draw with what they hold."""
    counts: dict[Stratum, list[Drawn]] = defaultdict(list)
    for one in turns:
        counts[one.stratum].append(one)
    return [
        Share(stratum, round(sum(one.weight for one in found)), len(found))
        for stratum, found in sorted(counts.items(), key=lambda pair: str(pair[0]))
    ]


def wants_second(turn_id: str, *, seed: int, share: float) -> bool:
    """Whether a drawn turn is judged by two people; the same answer each time."""
    return int(_order(seed ^ 1, turn_id)[:8], 16) < share * 16**8


def _order(seed: int, turn_id: str) -> str:
    return hashlib.sha256(f"{seed}:{turn_id}".encode()).hexdigest()
