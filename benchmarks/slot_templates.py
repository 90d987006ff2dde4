"""Replies about orders with named slots, for the benchmark of slots.

``{total}`` is a slot of the order at hand, ``{b.total}`` of another order of the same customer,
``{is}`` says its status with a verb, ``{status}`` names it. ``{id}``, ``{name}`` and ``{carrier}``
are given; the others may be swapped. Every second template is held back from tuning.
"""

from __future__ import annotations

# ruff: noqa: ISC004 - one sentence an entry, some longer than a line
ENGLISH = (
    # the demo's own
    "Your order {id} from {placed} is being packed. We expect it to reach you by {expected}.",
    "Your order {id} left us on {shipped} and is with {carrier}. The tracking number is {tracking},"
    " and it is expected by {expected}.",
    "Your order {id} was delivered on {delivered} by {carrier}. If you cannot find it, tell me and"
    " a colleague will look into it.",
    "The refund of {refund} for order {id} was paid on {paid}. It can take your bank a few days to"
    " show it.",
    "The refund of {refund} for order {id} is being processed. We expect to pay it by {due}.",
    "I have your request for a refund of order {id}, which came to {total}. A colleague checks it"
    " and writes to you here.",
    # one fact, the order named
    "Your order {id} comes to {total}.",
    "The total for order #{id} is {total}.",
    "You paid {total} for order {id}.",
    "Order {id} totals {total}, including a shipping fee of {fee}.",
    "Order #{id} was placed on {placed}.",
    "You placed order {id} on {placed} and it should arrive by {expected}.",
    "It looks like order {id} shipped on {shipped}.",
    "We shipped order {id} on {shipped}, and the estimated delivery date is {expected}.",
    "Order {id} is expected to arrive on {expected}.",
    "The expected delivery date of order {id} is {expected}.",
    "Good news! Order {id} should be with you by {expected}.",
    "Order {id} arrived on {delivered}.",
    "According to the carrier, order {id} was delivered on {delivered}.",
    "The shipping fee on order {id} was {fee}.",
    "For order {id} we charged {fee} for shipping and {total} in total.",
    "You can follow order {id} with the tracking number {tracking}.",
    "Tracking number for {id}: {tracking}",
    "We refunded {refund} for order {id} on {paid}.",
    "A refund of {refund} for {id} was issued on {paid}.",
    "You will get {refund} back for order {id}.",
    "Your refund for order {id} amounts to {refund}.",
    # status
    "Your order {id} {is}.",
    "I checked order #{id}: it {is}.",
    "The status of order {id} is {status}.",
    "Order {id} is currently showing as {status}.",
    "Order {id} ({status}) comes to {total}.",
    'Your order #{id} is in "{status}" status.',
    "Thanks for waiting. I looked at order {id} and it {is}, so there is nothing you need to do.",
    # the order is carried over
    "I found your order {id}. It was placed on {placed}.",
    "I found your order {id}. The total is {total} and it {is}.",
    "Let me tell you about order {id}.\n\n- Placed: {placed}\n- Total: {total}\n- Status: {status}",
    "Here are the details of order {id}:\n\n* **Order date:** {placed}\n* **Total amount:** {total}"
    "\n* **Expected delivery:** {expected}",
    "Order {id} has left our warehouse. It was shipped on {shipped}. The tracking number is"
    " {tracking}.",
    "Your order is {id}. We sent it on {shipped} and expect it to be with you by {expected}.",
    "Order {id} was cancelled. The refund comes to {refund}.",
    # items
    "The {name} in order {id} costs {price}.",
    "In order {id} you bought the {name} for {price}.",
    "Order {id} has a {name} priced at {price}, and the whole order is {total}.",
    # two orders
    "Order {id} comes to {total} and order {b.id} to {b.total}.",
    "You have two orders: {id} ({total}) and {b.id} ({b.total}).",
    "Order {id} was placed on {placed}, while order {b.id} was placed on {b.placed}.",
    "I see {total} for {id} and {b.total} for {b.id}.",
    "1. Order #{id}: {total}, placed on {placed}\n2. Order #{b.id}: {b.total}, placed on"
    " {b.placed}",
    "Order {id} {is}, and order {b.id} {b.is}.",
    "Your orders:\n\n- {id}: {status}\n- {b.id}: {b.status}",
    "{id} is expected by {expected}; {b.id} by {b.expected}.",
    "Order {id} was charged at {total}. Your other order, {b.id}, was charged at {b.total}.",
    # near days
    "Your order {id} should arrive {expected}, it was placed {placed}.",
    "Order {id} was delivered {delivered}.",
)
SPANISH = (
    "El total de su pedido {id} es {total}.",
    "Su pedido {id} se realizó el {placed} y llegará el {expected}.",
    "Enviamos el pedido {id} el {shipped}. El número de seguimiento es {tracking}.",
    "El pedido {id} se entregó el {delivered}.",
    "El reembolso del pedido {id} es de {refund}.",
    "Su pedido {id} {is}.",
    "El estado del pedido {id} es {status}.",
    "Los gastos de envío del pedido {id} fueron {fee}.",
    "El pedido {id} costó {total} y el pedido {b.id} costó {b.total}.",
    "Tu pedido {id} debería llegar el {expected}.",
)
SAYS = {
    "en": {
        "pending": ("is still pending", "is pending", "is currently pending"),
        "processed": ("has been processed", "was processed", "is processed"),
        "shipped": ("has been shipped", "has shipped", "is on its way", "is in transit"),
        "delivered": ("has been delivered", "was delivered", "has already been delivered"),
        "cancelled": ("has been cancelled", "was cancelled", "is cancelled", "was canceled"),
    },
    "es": {
        "pending": ("está pendiente", "sigue pendiente"),
        "processed": ("ha sido procesado", "fue procesado"),
        "shipped": ("ha sido enviado", "está en camino"),
        "delivered": ("ha sido entregado", "fue entregado", "ya se entregó"),
        "cancelled": ("ha sido cancelado", "fue cancelado", "está cancelado"),
    },
}
NAMED = {
    "en": {"pending": "pending", "processed": "processed", "shipped": "shipped",
           "delivered": "delivered", "cancelled": "cancelled"},
    "es": {"pending": "pendiente", "processed": "procesado", "shipped": "enviado",
           "delivered": "entregado", "cancelled": "cancelado"},
}  # fmt: skip
UNTRUE = {
    "pending": ("processed", "shipped", "delivered", "cancelled"),
    "processed": ("pending", "delivered", "cancelled"),
    "delivered": ("pending", "cancelled"),
    "cancelled": ("pending", "shipped", "delivered"),
}
"""What no order of this status can be said to be; a delivered one was also shipped."""
