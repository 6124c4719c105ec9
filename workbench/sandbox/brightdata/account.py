"""The catalogue and the account: datasets/list, datasets/{id}/metadata, customer/balance, status."""

from __future__ import annotations

from workbench.sandbox.brightdata.datasets import DATASETS
from workbench.sandbox.brightdata.world import BrightDataWorld
from workbench.sandbox.web import Answer, Request, as_json, as_text

_CREDIT_USD = 100.0
_PRICE_USD = 0.0015


def datasets(_world: BrightDataWorld, _request: Request) -> Answer:
    return as_json([{"id": each.dataset_id, "name": each.name, "size": 1_000_000} for each in DATASETS.values()])


def metadata(_world: BrightDataWorld, _request: Request, dataset_id: str) -> Answer:
    dataset = DATASETS.get(dataset_id)
    if dataset is None:
        return as_text("dataset does not exist", 404)
    fields = {
        name: {"type": "text" if kind == "date" else kind, "active": True, "required": name == "url", "description": ""}
        for name, kind in dataset.columns.items()
    }
    return as_json({"id": dataset_id, "fields": fields})


def balance(world: BrightDataWorld, _request: Request) -> Answer:
    spent = sum(snapshot.billed for snapshot in world.store.snapshots()) * _PRICE_USD
    return as_json({"balance": round(_CREDIT_USD - spent, 4), "pending_balance": round(spent, 4)})


def status(_world: BrightDataWorld, request: Request) -> Answer:
    return as_json(
        {
            "status": "active",
            "customer": "sandbox",
            "can_make_requests": True,
            "auth_fail_reason": "",
            "ip": request.remote_addr,
        }
    )
