"""In: a seed and what is drawn for. Out: a random source of its own for that purpose, the same in every run.

Each actor draws from its own source, so adding a printer does not change a single heart beat.
"""

from random import Random


def chance(seed: int, *purpose: object) -> Random:
    """A source that depends on `seed` and `purpose` alone (seeding by text is the same in every Python 3)."""
    return Random("/".join(str(part) for part in (seed, *purpose)))  # noqa: S311  # a twin must repeat itself, not guard a secret
