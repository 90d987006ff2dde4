"""Converts the retail dialogues of tau_support into a playbook folder and transcripts for replay.

    python -m benchmarks.tau_retail OUT [--data DIR]
    handrail replay OUT/transcripts.jsonl --playbook OUT/playbook

Users and orders become customers and records, the retail policy an article; the intents are
written for this benchmark (``benchmarks/tau_retail_playbook.yaml``), the dialogues are not used
for them.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path
from typing import Any

from benchmarks.report import DATASETS, read_rows

PLAYBOOK = Path(__file__).with_name("tau_retail_playbook.yaml")
_TURN = re.compile(r"^(user|assistant|tool): ?", re.MULTILINE)


def convert(data: Path, out: Path) -> int:
    """Write ``OUT/playbook`` and ``OUT/transcripts.jsonl``; return the number of dialogues."""
    folder = data / "tau_support"
    users = {row["user_id"]: row for row in read_rows(folder / "retail_users.jsonl.gz")}
    orders = read_rows(folder / "retail_orders.jsonl.gz")
    dialogues = read_rows(folder / "retail_dialogues.jsonl.gz")
    playbook = out / "playbook"
    (playbook / "articles").mkdir(parents=True, exist_ok=True)
    (playbook / "data").mkdir(exist_ok=True)
    shutil.copy(PLAYBOOK, playbook / "playbook.yaml")
    policy = (folder / "retail_policy.md").read_text(encoding="utf-8")
    article = f"---\ntitle: Retail policy\nlanguage: en\n---\n{policy}"
    (playbook / "articles" / "retail_policy.md").write_text(article, encoding="utf-8")
    _write(playbook / "data" / "customers.jsonl", map(_customer, users.values()))
    known = [order for order in orders if order["user_id"] in users]
    _write(playbook / "data" / "records.jsonl", map(_order, known))
    _write(out / "transcripts.jsonl", (_transcript(row, users) for row in dialogues))
    return len(dialogues)


def _write(path: Path, rows: Any) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _customer(user: dict[str, Any]) -> dict[str, Any]:
    name = f"{user['name']['first_name']} {user['name']['last_name']}"
    return {"id": user["user_id"], "name": name, "email": user["email"], "language": "en"}


def _order(order: dict[str, Any]) -> dict[str, Any]:
    paid = [p for p in order["payment_history"] if p["transaction_type"] == "payment"]
    refunded = [p for p in order["payment_history"] if p["transaction_type"] == "refund"]
    address = order["address"]
    fields: dict[str, Any] = {
        "status": order["status"],
        "items": ", ".join(item["name"] for item in order["items"]),
        "total": f"{sum(p['amount'] for p in paid):.2f}",
        "address": ", ".join(
            str(address[key]) for key in ("address1", "address2", "city", "state", "zip")
        ),
    }
    if refunded:
        fields["refund"] = f"{sum(p['amount'] for p in refunded):.2f}"
    tracking = [number for sent in order["fulfillments"] for number in sent["tracking_id"]]
    if tracking:
        fields["tracking"] = tracking[0]
    return {
        "kind": "order",
        "id": order["order_id"].lstrip("#"),
        "customer_id": order["user_id"],
        "fields": fields,
    }


def _transcript(dialogue: dict[str, Any], users: dict[str, Any]) -> dict[str, Any]:
    parts = _TURN.split(dialogue["text"])[1:]
    said = list(zip(parts[::2], (text.strip() for text in parts[1::2]), strict=True))
    customer = next((text for role, text in said if role == "tool" and text in users), None)
    roles = {"user": "customer", "assistant": "agent"}
    messages = [
        {"role": roles[role], "text": text}
        for role, text in said
        if role in roles and text not in ("", "None")
    ]
    return {"id": dialogue["id"], "customer": customer, "channel": "web", "messages": messages}


def main() -> None:
    """Convert and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=DATASETS)
    given = parser.parse_args()
    count = convert(given.data, given.out)
    print(f"{count} dialogues in {given.out / 'transcripts.jsonl'}")
    print(f"handrail replay {given.out}/transcripts.jsonl --playbook {given.out}/playbook")


if __name__ == "__main__":
    main()
