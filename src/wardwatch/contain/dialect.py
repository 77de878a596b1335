"""In: nothing. Out: what a dialect is: data about a filter's language, and one pure method that writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from wardwatch.errors import UsageError
from wardwatch.plugins import modules

from .policy import Policy


@dataclass(frozen=True, slots=True)
class Texts:
    """A policy in one dialect: files by name, and what a person does with them, one command or sentence a line."""

    files: Mapping[str, str] = field(hash=False)
    install: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    rollback: tuple[str, ...] = ()
    check: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """A language of filters.

    `by_mac`: whether it can bind a rule to a MAC address. `everywhere`: whether its rules hold for interfaces nobody
    named, too; otherwise the policy names all. `hosted`: whether it stands on the machines that are kept, and not on
    the way. `limits`: what the plan says of it.
    """

    name: str
    title: str
    reference: str
    write: Callable[[Policy], Texts]
    by_mac: bool = True
    everywhere: bool = True
    hosted: bool = False
    limits: tuple[str, ...] = ()

    def texts(self, policy: Policy) -> Texts:
        """The policy in this dialect; UsageError where it would only seem to hold."""
        shared = [place for place in policy.attachments if place.mac]
        if shared and not self.by_mac:
            raise UsageError(
                f"cannot bind rules to a MAC address, and {shared[0].interface} is shared",
                where=self.title,
                cure="Give the monitors a VLAN of their own and leave the MAC out.",
            )
        if not self.everywhere and not policy.interfaces:
            raise UsageError(
                "filters at each interface, and the policy does not name them all",
                where=self.title,
                cure="Name every interface that forwards: --interface NAME, or 'interfaces' in the policy.",
            )
        if self.hosted and not policy.keeps:
            raise UsageError(
                "stands on the machines that are kept, and the policy keeps none",
                where=self.title,
                cure="Leave it out, or name a machine with --keep.",
            )
        return self.write(policy)


def dialects() -> Mapping[str, Dialect]:
    """Every dialect there is, by name."""
    found = (cast("Dialect", module.DIALECT) for module in modules("wardwatch.contain.dialects", "DIALECT"))
    return {each.name: each for each in found}
