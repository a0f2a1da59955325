"""The three families of things that go wrong: ours, theirs, the world's."""

from typing import ClassVar


class FernamtError(Exception):
    """Something went wrong that has a name.

    The docstring of the raised class is the message; facts are attributes.
    """

    code: ClassVar[str] = "error"
    """Stable name, quoted in answers to programs and in the manual."""

    def __init__(self, **facts: object) -> None:
        """Keep *facts* as attributes and for the message."""
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The first line of the docstring, followed by the facts."""
        first = (type(self).__doc__ or type(self).__name__).strip().splitlines()[0]
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{first} ({facts})" if facts else first


class OurError(FernamtError):
    """A bug of ours: an assumption of the program did not hold."""

    code = "our-error"


class DomainError(FernamtError):
    """A rule of the service centre was broken by what a person or program asked for."""

    code = "domain-error"


class WorldFault(FernamtError):
    """Something outside the program failed: a telephone, a network, a disk."""

    code = "world-fault"


class TelephonyFault(WorldFault):
    """The telephone exchange did not do what it was asked to do."""

    code = "telephony-fault"
