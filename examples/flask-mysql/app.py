"""A REST API for items, kept in MySQL."""

import os

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
# MySQL 9 takes passwords over TLS only; its certificate is of its own making.
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
    "connect_args": {"ssl": {"check_hostname": False, "verify_mode": "none"}},
    "pool_pre_ping": True,
}
db = SQLAlchemy(app)


class Item(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), unique=True, nullable=False)
    price = db.Column(db.Numeric(8, 2), nullable=False)

    def to_dict(self):
        return {"id": self.id, "name": self.name, "price": float(self.price)}


with app.app_context():
    db.create_all()


@app.get("/")
def hello():
    return {"message": "Hello from Flask and MySQL", "items": Item.query.count()}


@app.get("/item")
def list_items():
    return {"items": [item.to_dict() for item in Item.query.order_by(Item.id)]}


@app.post("/item")
def create_item():
    data = request.get_json()
    if Item.query.filter_by(name=data["name"]).first():
        abort(409, "an item of that name exists")
    item = Item(name=data["name"], price=data["price"])
    db.session.add(item)
    db.session.commit()
    return item.to_dict(), 201


@app.put("/item/<int:item_id>")
def update_item(item_id):
    item = db.get_or_404(Item, item_id)
    item.price = request.get_json()["price"]
    db.session.commit()
    return item.to_dict()


@app.delete("/item/<int:item_id>")
def delete_item(item_id):
    db.session.delete(db.get_or_404(Item, item_id))
    db.session.commit()
    return "", 204
