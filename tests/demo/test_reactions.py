from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from demo.reactions import Acted, Letter, Reaction, Tracked, is_dead, react

SENT_AT = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
SETUP = "https://app.northwind.example/setup"
LINKS = (SETUP, "https://northwind.example/docs")


def letters(count: int, step: int) -> list[Letter]:
    return [
        Letter(f"s{step}-{n}", f"person{n}@company{n % 400}.example", SENT_AT, earlier=step)
        for n in range(count)
    ]


def is_human(reaction: Reaction, letter: Letter) -> bool:
    user_agent = reaction.detail.get("user_agent", "") if isinstance(reaction, Tracked) else ""
    return reaction.at - letter.sent_at > timedelta(minutes=2) and user_agent != "Mozilla/5.0"


def rates(step: int, count: int = 6000) -> dict[str, float]:
    """The share of delivered letters, and the shares of the other reactions among them."""
    seen: Counter[str] = Counter()
    for letter in letters(count, step):
        reactions = react(letter, lambda: LINKS)
        seen.update(
            {
                r.type
                for r in reactions
                if isinstance(r, Tracked)
                and (r.type not in ("opened", "clicked") or is_human(r, letter))
            }
        )
    delivered = seen.pop("delivered")
    return {name: number / delivered for name, number in seen.items()} | {
        "delivered": delivered / count
    }


def test_the_same_letter_always_has_the_same_reactions() -> None:
    for letter in letters(200, 0):
        assert react(letter, lambda: LINKS) == react(letter, lambda: LINKS)


@pytest.fixture(scope="module")
def by_step() -> list[dict[str, float]]:
    return [rates(step) for step in range(4)]


def test_rates_are_those_of_a_good_sender(by_step: list[dict[str, float]]) -> None:
    mean = {name: sum(r.get(name, 0) for r in by_step) / 4 for name in by_step[0]}
    assert mean["delivered"] == pytest.approx(0.97, abs=0.01)
    assert mean["opened"] == pytest.approx(0.35, abs=0.05)
    assert mean["clicked"] == pytest.approx(0.06, abs=0.02)
    assert mean["replied"] == pytest.approx(0.01, abs=0.005)
    assert mean["unsubscribed"] == pytest.approx(0.005, abs=0.003)
    assert mean["autoresponded"] == pytest.approx(0.02, abs=0.01)
    assert 0 < mean["complained"] < 0.0015


def test_interest_falls_with_every_letter(by_step: list[dict[str, float]]) -> None:
    for name in ("opened", "clicked"):
        assert all(later[name] < earlier[name] for earlier, later in pairwise(by_step))


def test_a_dead_address_only_bounces_hard_each_time() -> None:
    dead = next(f"person{n}@a.example" for n in range(1000) if is_dead(f"person{n}@a.example"))
    for number in range(5):
        (bounce,) = react(Letter(f"s{number}", dead, SENT_AT), lambda: LINKS)
        assert isinstance(bounce, Tracked)
        assert bounce.type == "bounced"
        assert bounce.detail["bounce_type"] == "hard"
        assert (bounce.detail["smtp_code"], bounce.detail["status"]) == (550, "5.1.1")


def test_a_letter_is_delivered_or_bounces_but_not_both() -> None:
    kinds = Counter()
    for letter in letters(3000, 0):
        types = [r.type for r in react(letter, lambda: LINKS) if isinstance(r, Tracked)]
        assert types.count("delivered") + types.count("bounced") == 1
        kinds.update(types)
    assert kinds["bounced"] > 30
    assert kinds["deferred"] > 30


def test_apple_mail_fetches_the_pixel_at_once_for_a_third_of_the_addresses() -> None:
    fetched = 0
    for letter in letters(2000, 0):
        fetched += any(
            r.type == "opened"
            and r.detail["user_agent"] == "Mozilla/5.0"
            and r.detail["ip"].startswith("172.224.")
            for r in react(letter, lambda: LINKS)
            if isinstance(r, Tracked)
        )
    assert fetched / 2000 == pytest.approx(0.34, abs=0.05)


def test_a_scanner_follows_all_links_within_two_seconds_of_delivery() -> None:
    scanned = 0
    for letter in letters(2000, 0):
        reactions = [r for r in react(letter, lambda: LINKS) if isinstance(r, Tracked)]
        delivered_at = next((r.at for r in reactions if r.type == "delivered"), None)
        early = [
            r
            for r in reactions
            if r.type == "clicked" and delivered_at and r.at - delivered_at <= timedelta(seconds=2)
        ]
        if early:
            scanned += 1
            assert [r.detail["url"] for r in early] == list(LINKS)
            assert len({(r.detail["user_agent"], r.detail["ip"]) for r in early}) == 1
    assert 0.02 < scanned / 2000 < 0.10


def outcomes(link: str, count: int = 6000) -> Counter[str]:
    """The product events after a click on the only link of an e-mail."""
    names: Counter[str] = Counter()
    for letter in letters(count, 0):
        reactions = react(letter, lambda: (link,))
        clicks = [r.at for r in reactions if getattr(r, "type", "") == "clicked"]
        acted = [r for r in reactions if isinstance(r, Acted)]
        assert not acted or min(r.at for r in acted) > min(clicks)
        names.update(r.name for r in acted)
    return names


def test_a_click_on_the_setup_leads_to_setup_activation_and_purchase() -> None:
    names = outcomes(SETUP)
    steps = [names[n] for n in ("logged_in", "setup_completed", "activated", "purchase_completed")]
    assert all(fewer < more for more, fewer in pairwise(steps))
    assert steps[-1] > 0


def test_a_click_on_the_calendar_leads_to_demos() -> None:
    names = outcomes("https://app.northwind.example/calendar")
    assert names["demo_booked"] > names["purchase_completed"] > 0
    assert "setup_completed" not in names


def test_a_click_to_another_site_causes_no_product_event() -> None:
    assert not outcomes("https://elsewhere.example/setup")


def test_links_are_read_only_after_a_click() -> None:
    reads = 0

    def read_links() -> tuple[str, ...]:
        nonlocal reads
        reads += 1
        return LINKS

    for letter in letters(1000, 0):
        react(letter, read_links)
    assert 0 < reads < 300
