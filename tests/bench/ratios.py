"""A ratio that a busy moment does not decide: floor and product in turns, the middle ratio counts."""

from collections.abc import Callable

from .load import Load

ROUNDS = 3


def in_turns(floor: Callable[[], Load], product: Callable[[], Load], rounds: int = ROUNDS) -> tuple[Load, Load]:
    """The two loads (product's, floor's) of the round whose ratio is the median."""
    pairs = []
    for _ in range(rounds):
        bare = floor()
        pairs.append((product(), bare))
    return sorted(pairs, key=lambda pair: pair[0].rate / pair[1].rate)[rounds // 2]
