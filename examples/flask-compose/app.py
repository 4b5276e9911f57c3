"""A small REST API: stores, kept in a file on a volume."""

import json
import os
from pathlib import Path

from flask import Flask, request

app = Flask(__name__)
file = Path(os.environ.get("STORES_FILE", "stores.json"))


def read_stores():
    return json.loads(file.read_text()) if file.exists() else []


@app.get("/")
def hello():
    return {"message": "Hello from a Wharf project", "stores": len(read_stores())}


@app.get("/store")
def list_stores():
    return {"stores": read_stores()}


@app.post("/store")
def create_store():
    store = {"name": request.get_json()["name"], "items": []}
    file.write_text(json.dumps([*read_stores(), store]))
    return store, 201
