"""A small REST API: stores, and the items that each of them sells."""

from flask import Flask, request

app = Flask(__name__)

stores = [{"name": "My Store", "items": [{"name": "Chair", "price": 15.99}]}]


@app.get("/")
def hello():
    return {"message": "Hello from a Wharf container", "stores": len(stores)}


@app.get("/store")
def list_stores():
    return {"stores": stores}


@app.post("/store")
def create_store():
    store = {"name": request.get_json()["name"], "items": []}
    stores.append(store)
    return store, 201
