#!/usr/bin/python3
"""A Flask-Vault key source plugin in Python: it keeps the
key in a file. It speaks go-plugin's protocol: gRPC with
mutual TLS over a Unix socket, as docs/plugin-protocol.md describes it.

Debian: apt-get install python3-grpcio python3-protobuf python3-cryptography
"""

import base64
import datetime
import json
import os
import signal
import sys
import threading
from concurrent import futures

sys.path.insert(0, os.environ.get("FILE_PLUGIN_LIB") or "/usr/local/lib/flask-vault-python-example")

DESCRIPTION = {
    "name": "python-file",
    "version": "1.0.0",
    "protocol": "go-plugin",
    "operations": ["load", "save", "delete"],
    "settings": ["file"],
    "environment": ["FILE_PLUGIN_LIB"],
}

if "--flask-vault-describe" in sys.argv:
    print(json.dumps({"description": DESCRIPTION}))
    sys.exit(0)
if os.environ.get("FLASK_VAULT_PLUGIN") != "keysource-6d1f0c1b7a":
    sys.exit("This is a plugin of Flask-Vault. Install it: flask-vault plugin install " + sys.argv[0])

import grpc
import keysource_pb2 as pb
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import empty_pb2


def fail(reply, code, message):
    reply.error.code = code
    reply.error.message = message
    return reply


def with_file(call, reply, act):
    """Runs act with the path that the settings give, and makes replies of errors."""
    unknown = set(call.settings) - {"file"}
    if unknown or not os.path.isabs(call.settings.get("file", "")):
        return fail(reply, pb.CODE_BAD_SETTINGS, "the one setting is file, an absolute path")
    try:
        act(call.settings["file"])
    except FileNotFoundError:
        fail(reply, pb.CODE_NO_KEY, "there is no file " + call.settings["file"])
    except (OSError, ValueError) as e:
        # Only the kind of error: its text might quote the file.
        fail(reply, pb.CODE_FAILED, "the file cannot be used (%s)" % type(e).__name__)
    return reply


def describe(request, context):
    d = DESCRIPTION
    return pb.DescribeResponse(name=d["name"], version=d["version"], operations=d["operations"],
                               settings=d["settings"], environment=d["environment"])


def load(request, context):
    reply = pb.LoadResponse()

    def act(path):
        with open(path, "rb") as f:
            text = f.read(4096).strip()
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        if len(raw) not in (16, 24, 32):
            raise ValueError
        reply.key = raw

    return with_file(request.call, reply, act)


def save(request, context):
    def act(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as f:
            f.write(base64.urlsafe_b64encode(request.key))

    return with_file(request.call, pb.SaveResponse(), act)


def delete(request, context):
    return with_file(request.call, pb.DeleteResponse(), os.remove)


def unary(function, request):
    return grpc.unary_unary_rpc_method_handler(
        function, request_deserializer=request.FromString, response_serializer=lambda m: m.SerializeToString())


def stream_stdio(request, context):
    """Lasts as long as the host: when it is gone, so are we."""
    gone = threading.Event()
    context.add_callback(gone.set)
    gone.wait()
    os._exit(0)
    yield


def shutdown(request, context):
    threading.Timer(0.1, os._exit, [0]).start()
    return empty_pb2.Empty()


def certificate():
    """A key on P-256 and a self-signed certificate of it, used once."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.utcnow()
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256()))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    return private, cert


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4),
                         options=[("grpc.max_receive_message_length", 65536)])
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("flaskvault.keysource.v1.KeySource", {
            "Describe": unary(describe, pb.DescribeRequest), "Load": unary(load, pb.LoadRequest),
            "Save": unary(save, pb.SaveRequest), "Delete": unary(delete, pb.DeleteRequest)}),
        grpc.method_handlers_generic_handler("plugin.GRPCController", {
            "Shutdown": unary(shutdown, empty_pb2.Empty)}),
        grpc.method_handlers_generic_handler("plugin.GRPCStdio", {
            "StreamStdio": grpc.unary_stream_rpc_method_handler(
                stream_stdio, request_deserializer=empty_pb2.Empty.FromString,
                response_serializer=lambda m: m.SerializeToString())}),
    ))
    private, cert = certificate()
    credentials = grpc.ssl_server_credentials(
        [(private, cert.public_bytes(serialization.Encoding.PEM))],
        root_certificates=os.environ["PLUGIN_CLIENT_CERT"].encode(), require_client_auth=True)
    path = os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], "plugin")
    server.add_secure_port("unix:" + path, credentials)
    server.start()
    der = base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).rstrip(b"=").decode()
    print("1|1|unix|%s|grpc|%s" % (path, der), flush=True)
    server.wait_for_termination()


main()
