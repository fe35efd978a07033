"""Reads JSON lines, each a document in base64 and its top-level values as AppendTyped
has them, and says for each whether PyYAML gives the very same."""

import base64
import datetime
import json
import sys

import yaml


def plain(value):
    """A value of the JSON as Python's own."""
    if not isinstance(value, dict):
        return value
    of, value = value["type"], value["value"]
    if of == "int":
        return int(value, 0)
    if of == "float":
        return float(value)
    if of == "date":
        return datetime.date.fromisoformat(value)
    if of == "datetime":
        return datetime.datetime.fromisoformat(value)
    if of == "bytes":
        return base64.b64decode(value)
    if of == "list":
        return [plain(item) for item in value]
    if of == "set":
        return {plain(item) for item in value}
    pairs = [(plain(k), plain(v)) for k, v in value]
    return dict(pairs) if of == "dict" else pairs


def show(value):
    """A value with its types, whatever the order of a mapping."""
    if isinstance(value, dict):
        return ("dict", sorted((show(k), show(v)) for k, v in value.items()))
    if isinstance(value, set):
        return ("set", sorted(show(k) for k in value))
    if isinstance(value, list):
        return ("list", [show(item) for item in value])
    if isinstance(value, tuple):
        return ("tuple", [show(item) for item in value])
    return (type(value).__name__, repr(value))


for line in sys.stdin:
    question = json.loads(line)
    want = yaml.safe_load(base64.b64decode(question["doc"]).decode("utf-8"))
    wrong = []
    for key, value in question["values"].items():
        if repr(show(plain(value))) != repr(show(want[key])):
            wrong.append("%r: %r, PyYAML: %r" % (key, plain(value), want[key]))
    sys.stdout.write(json.dumps(wrong) + "\n")
