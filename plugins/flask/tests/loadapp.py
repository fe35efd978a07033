"""What the load test asks: values, tokens, and who answered."""

import os

from flask import Flask, jsonify

from flask_vault.utils import aes_gcm_decrypt, aes_gcm_encrypt, get_secret

app = Flask(__name__)


@app.route("/")
def index():
    text = get_secret("db.password")
    token = aes_gcm_encrypt(text)
    return jsonify(password=aes_gcm_decrypt(token).decode(), pin=get_secret("pin"), user=get_secret("db.user"), worker=os.getpid())
