"""Reads JSON lines, each a document in base64, and writes for each what python-dotenv makes of it."""

import base64
import io
import json
import sys

from dotenv.parser import parse_stream

for line in sys.stdin:
    text = base64.b64decode(line).decode("utf-8")
    values = {}
    error = False
    for binding in parse_stream(io.StringIO(text, newline=None)):  # line breaks as of a file
        error = error or binding.error
        if binding.key is not None:
            values[binding.key] = binding.value
    sys.stdout.write(json.dumps({"error": error, "values": values}) + "\n")
