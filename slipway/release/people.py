"""How the names of people are compared: another spelling of a name does not make another person. Pure."""

from __future__ import annotations

import re
import unicodedata


def known_as(name: str) -> str:
    """A name as it is compared: compatibility forms folded (NFKC), spaces collapsed, upper and lower case alike."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def is_plain(name: str) -> bool:
    """Whether a name is printable ASCII: letters of other scripts look alike, and some cannot be seen at all."""
    return name.isascii() and name.isprintable()


def may_be(name: str, other: str) -> bool:
    """Whether two different names may well mean one person: one contains the other as a whole word, as an e-mail
    address contains a login name."""
    first, second = known_as(name), known_as(other)
    return _contains(first, second) or _contains(second, first)


def _contains(text: str, word: str) -> bool:
    return bool(word) and re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None
