"""A page that decrypts what is sent to it."""

from flask import Flask, request

from flask_vault.cli import vault_cli
from flask_vault.utils import aes_gcm_decrypt

app = Flask(__name__)
app.cli.add_command(vault_cli)


@app.route("/decrypt", methods=["POST"])
def decrypt():
    return aes_gcm_decrypt(request.form["data"].encode())
