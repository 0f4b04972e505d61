"""Rows for the generated tests to find, and not to find from elsewhere."""

from datetime import timedelta
from uuid import UUID

from core.clock import utc_now
from core.testing.kit import TestGym


def people(gym: TestGym) -> dict[str, UUID]:
    """Gives the gym's coach and client their profiles; returns ids by wire name."""
    ids = {"coachId": gym.user("coach"), "clientId": gym.user("client")}
    admin = gym.api("admin")
    admin.post("/members/coaches", {"userId": str(ids["coachId"])})
    admin.post("/members/clients", {"userId": str(ids["clientId"])})
    admin.patch(f"/members/coaches/{ids['coachId']}", {"bio": "Lifts since 1999."})
    admin.patch(f"/members/clients/{ids['clientId']}", {"goals": ["Run a marathon."]})
    return ids


def booking(gym: TestGym) -> dict[str, UUID]:
    """Adds to ``people`` a session that they booked, a week from now."""
    ids = people(gym)
    starts_at = utc_now().replace(microsecond=0) + timedelta(days=7)
    session = gym.api("admin").post(
        "/scheduling/sessions",
        {
            "clientId": str(ids["clientId"]),
            "coachId": str(ids["coachId"]),
            "startsAt": starts_at.isoformat(),
            "endsAt": (starts_at + timedelta(hours=1)).isoformat(),
            "ignoreAvailability": True,
            "notes": "Knee hurts since Sunday.",
        },
    )
    return {**ids, "sessionId": UUID(session["id"])}


def passes(gym: TestGym) -> dict[str, UUID]:
    """Adds to ``booking`` a pack that the client holds, with something about them."""
    ids = booking(gym)
    admin = gym.api("admin")
    product = admin.post(
        "/passes/products",
        {
            "name": "Ten sessions",
            "kind": "pack",
            "uses": 10,
            "validDays": 180,
            "validFrom": "purchase",
        },
    )
    wish = {"clientId": str(ids["clientId"]), "productId": product["id"]}
    held = admin.post("/passes/grants", wish)
    path = f"/passes/{held['id']}"
    reason = "Was ill for a fortnight"
    admin.post(f"{path}/adjust", {"uses": 1, "reason": reason}, expect=200)
    admin.post(f"{path}/block", {"reason": "Lent it to a friend"}, expect=200)
    return {**ids, "productId": UUID(product["id"]), "passId": UUID(held["id"])}


def webhook(gym: TestGym) -> dict[str, UUID]:
    """Adds a receiver of webhooks, and a delivery that waits; returns their ids."""
    admin = gym.api("admin")
    made = admin.post(
        "/admin/webhooks",
        {"url": "https://hooks.example.com/in", "types": ["notifications.message"]},
    )
    webhook_id = made["endpoint"]["id"]
    delivery = admin.post(f"/admin/webhooks/{webhook_id}/test")
    return {"webhookId": UUID(webhook_id), "deliveryId": UUID(delivery["id"])}
