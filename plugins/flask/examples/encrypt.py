"""A page that encrypts what is sent to it."""

from flask import Flask, request

from flask_vault.cli import vault_cli
from flask_vault.utils import aes_gcm_encrypt

app = Flask(__name__)
app.cli.add_command(vault_cli)


@app.route("/encrypt", methods=["POST"])
def encrypt():
    return aes_gcm_encrypt(request.form["data"])
