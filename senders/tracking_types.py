"""The types of tracking events, and what an event of each type means.

One table for Python and SQL: the dbt macro `tracking_types` is generated from it
(dagster_project/project/registry.py).
"""

from __future__ import annotations

# What a type can mean:
#   departure   recipients and providers report it only of a mail that left
#   refusal     the contact refuses marketing mail
#   consent     the contact agrees to marketing mail or refuses it
#   hold        the contact gets no mail until a tick has read the event
#   hit         an HTTP request, which a machine can make too
#   engagement  what a person can do with a mail
#   auto_reply  a machine's answer
TRACKING_TYPES: dict[str, tuple[str, ...]] = {
    "sent": (),
    "delivered": ("departure",),
    "deferred": (),
    "bounced": ("departure", "hold"),
    "complained": ("departure", "refusal", "consent", "hold", "engagement"),
    "opened": ("departure", "hit", "engagement"),
    "clicked": ("departure", "hit", "engagement"),
    "replied": ("departure", "hold", "engagement"),
    "autoresponded": ("auto_reply",),
    "unsubscribed": ("departure", "refusal", "consent", "hold", "engagement"),
    "subscribed": ("consent",),
    "rejected": (),
    "unknown": (),
}


def types_that_mean(meaning: str) -> list[str]:
    """The types with a meaning, in the order of the table."""
    return [name for name, meanings in TRACKING_TYPES.items() if meaning in meanings]
