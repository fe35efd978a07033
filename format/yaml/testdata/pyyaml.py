"""Reads JSON lines, each a document in base64, and writes for each what PyYAML makes of it."""

import base64
import datetime
import json
import sys

import yaml


def canon(value):
    """A value as JSON: a string with its type in front, a list, or an object of its text keys."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string " + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return "time"
    if isinstance(value, bytes):
        return "binary " + value.hex()
    if isinstance(value, dict):
        return {k.encode("utf-8", "surrogatepass").hex(): canon(v) for k, v in value.items() if isinstance(k, str)}
    if isinstance(value, set):
        return {k.encode("utf-8", "surrogatepass").hex(): "null" for k in value if isinstance(k, str)}
    return [canon(list(v) if isinstance(v, tuple) else v) for v in value]


for line in sys.stdin:
    text = base64.b64decode(line)
    try:
        answer = {"ok": True, "value": canon(yaml.safe_load(text.decode("utf-8")))}
    except Exception as error:  # whatever is raised, the document is refused
        answer = {"ok": False, "error": type(error).__name__ + ": " + str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
