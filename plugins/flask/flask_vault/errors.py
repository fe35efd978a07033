"""What the functions raise.

Every error is a :class:`VaultError` with the exit code and the hint that the
program has for it. Where Flask-Vault raised an error that a program may catch,
the one raised here is of that class, too.
"""

from __future__ import annotations

import sys
from typing import Any, Tuple, Type, cast


class VaultError(Exception):
    """The vault does not answer.

    ``code`` is an exit code of the program, ``hint`` what to type next, or "".
    """

    def __init__(self, message: str, code: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint

    def __reduce__(self) -> Tuple[Any, ...]:  # for pickle: workers hand errors on
        return type(self), (self.message, self.code, self.hint)

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class VaultFileNotFoundError(VaultError, FileNotFoundError):
    """There is no such vault, or no key: Flask-Vault raised FileNotFoundError."""


class VaultValueError(VaultError, ValueError):
    """A token, a key or a document is malformed: Flask-Vault raised ValueError."""


class VaultTypeError(VaultError, TypeError):
    """An argument is not of the type that the function takes."""


class InvalidTag(VaultError):
    """A token was made with another key, or has been changed since."""

    def __reduce__(self) -> Tuple[Any, ...]:
        return _make_invalid_tag, (self.message, self.code, self.hint)


def _invalid_tag() -> Type[VaultError]:
    """The class for a token that does not open.

    A program that catches cryptography's own InvalidTag has imported it. Only
    then there is anything to be compatible with.
    """
    global _combined
    module = sys.modules.get("cryptography.exceptions")
    if module is None:
        return InvalidTag
    if _combined is None:
        both = (InvalidTag, module.InvalidTag)
        _combined = type("InvalidTag", both, {"__doc__": InvalidTag.__doc__})
    return cast("Type[VaultError]", _combined)


_combined: Any = None


def _make_invalid_tag(message: str, code: int, hint: str) -> VaultError:
    """An InvalidTag out of a pickle, of the class that this process has."""
    return _invalid_tag()(message, code, hint)


def from_answer(code: int, message: str, hint: str) -> VaultError:
    """The error for what the program answered."""
    kind: Type[VaultError] = VaultError
    if code in (3, 4):
        kind = VaultFileNotFoundError
    elif code == 7 or code == 6 and "not an encrypted file" in message:
        kind = VaultValueError
    elif code == 6:
        kind = _invalid_tag()
    return kind(message, code, hint)
