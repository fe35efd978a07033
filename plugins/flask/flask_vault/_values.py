"""Values as the program writes them, and as Python has them."""

from __future__ import annotations

import base64
import copy
import datetime
from typing import Any, Callable, Dict

_UNCHANGEABLE = frozenset({str, int, float, bool, bytes, type(None), datetime.date, datetime.datetime, datetime.time})


def decode(value: Any) -> Any:
    """A value of the protocol as PyYAML has it."""
    if not isinstance(value, dict):
        return value
    return _DECODERS[value["type"]](value["value"])


def decode_secret(value: Any) -> Any:
    """A value as get_secret gives it: bytes of its own are text there, inside of a list they are not."""
    decoded = decode(value)
    return decoded.decode("utf-8") if isinstance(decoded, bytes) else decoded


def own(value: Any) -> Any:
    """The value for a caller to keep: a copy, if it can be changed."""
    return value if type(value) in _UNCHANGEABLE else copy.deepcopy(value)


def _pairs(items: Any) -> Any:
    return [(decode(key), decode(value)) for key, value in items]


_DECODERS: Dict[str, Callable[[Any], Any]] = {
    "int": lambda text: int(text, 0),
    "float": float,
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "time": datetime.time.fromisoformat,
    "bytes": base64.b64decode,
    "list": lambda items: [decode(item) for item in items],
    "set": lambda items: {decode(item) for item in items},
    "dict": lambda items: dict(_pairs(items)),
    "pairs": _pairs,
}
