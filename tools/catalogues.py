"""Keep the gettext catalogues: ``python -m tools.catalogues`` adds what is new and compiles.

Needs no gettext on the machine. What is no longer used is removed.
"""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

SOURCE = Path(__file__).resolve().parent.parent / "src" / "fernamt"
LANGUAGES = ("de", "en")
ORIGINAL = "en"
"""The language that the sources are written in."""
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
}
Message = str | tuple[str, str]

_TEXT = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_ONE = re.compile(rf"(?<!n)(?:_|gettext)\(\s*{_TEXT}\s*\)")
_MANY = re.compile(rf"ngettext\(\s*{_TEXT}\s*,\s*{_TEXT}")


def messages() -> dict[Message, set[str]]:
    """Return everything to translate, with the files that say it."""
    found: dict[Message, set[str]] = {}
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix in (".py", ".html"):
            for message in _messages_in(path):
                found.setdefault(message, set()).add(path.relative_to(SOURCE).as_posix())
    return found


def po_file(language: str) -> Path:
    """Return where the catalogue of *language* is."""
    return SOURCE / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """Return the catalogue of *language*."""
    with po_file(language).open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalogue: Catalog) -> bytes:
    """Return *catalogue* as Django reads it."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def main() -> None:
    """Update and compile every catalogue; say what lacks a translation."""
    wanted = messages()
    for language in LANGUAGES:
        path = po_file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        old = read(language) if path.exists() else Catalog(locale=language)
        new = Catalog(
            locale=language,
            project="Fernamt",
            version="1",
            last_translator="",
            language_team=language,
            msgid_bugs_address="",
            fuzzy=False,
            header_comment="# SPDX-License-Identifier: EUPL-1.2",
        )
        for message, files in sorted(wanted.items(), key=lambda item: str(item[0])):
            known = old.get(message)
            words = known.string if known and known.string and all(known.string) else None
            if words is None and language == ORIGINAL:
                words = message
            new.add(message, words, sorted((file, None) for file in files))
            if not words:
                print(f"{language}: no translation of {message!r}")
        new.creation_date = new.revision_date = old.creation_date
        with path.open("wb") as file:
            write_po(file, new, width=96, include_lineno=False, omit_header=False)
        path.with_suffix(".mo").write_bytes(compiled(read(language)))


def _messages_in(path: Path) -> Iterator[Message]:
    if path.suffix == ".py":
        with path.open("rb") as file:
            for _line, message, _comments, _context in extract("python", file, KEYWORDS):
                yield message if isinstance(message, str) else (message[0], message[1])
        return
    text = templatize(path.read_text(encoding="utf-8"))
    for found in _ONE.finditer(text):
        yield ast.literal_eval(found[1])
    for found in _MANY.finditer(text):
        yield ast.literal_eval(found[1]), ast.literal_eval(found[2])


if __name__ == "__main__":
    main()
