#!/bin/sh
# Writes keysource_pb2.py. Needs protoc (Debian: protobuf-compiler).
set -eu
cd "$(dirname "$0")"
protoc --python_out=. -I ../../proto/keysource/v1 keysource.proto
