"""How an error is told to the person at the command line."""

from collections.abc import Iterator

from fernamt.core.errors import FernamtError


def for_people(error: FernamtError) -> str:
    """Return what went wrong in one line, and below it what is known, a line each."""
    return "\n".join([f"fernamt: {_headline(error)}", *_facts(error)])


def _headline(error: FernamtError) -> str:
    return (type(error).__doc__ or type(error).__name__).strip().splitlines()[0]


def _facts(error: FernamtError) -> Iterator[str]:
    for name, value in error.facts.items():
        if isinstance(value, FernamtError):
            yield f"  {name}: {_headline(value)}"
            yield from (f"  {line}" for line in _facts(value) if not line.startswith("  remedy:"))
        else:
            yield f"  {name.replace('_', ' ')}: {value}"
