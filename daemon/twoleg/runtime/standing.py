"""How we stand with the venues: what our key may do, where they see us, what our wallet lacks.

Asked at the start, so that the daemon refuses before a venue does. What cannot be asked is told and
does not stop anything: the venue judges each order anyway.
"""

from collections.abc import Iterable
from typing import Final

import structlog

from twoleg.core.market import Market
from twoleg.errors import CredentialError, VenueError, VenueRejected
from twoleg.venues.kalshi.account import KalshiAccount
from twoleg.venues.kalshi.standing import KeyStanding
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.geoblock import Access, Geoblock

DAY_S: Final = 86_400
REGION_WARNING_MS: Final = 7 * DAY_S * 1_000
"""A location is attested by hand, in the app: somebody must get to it in time."""

log = structlog.get_logger(__name__)


async def adopt_kalshi_limits(account: KalshiAccount) -> None:
    """Keep to the account's own limits and costs from now on; to the settings' where not told."""
    for name, read in (("limits", account.read_limits), ("costs", account.read_costs)):
        try:
            await read()
        except VenueError as error:
            log.warning("account_limits_not_read", what=name, reason=str(error))


async def read_kalshi_key(account: KalshiAccount, key_id: str) -> KeyStanding | None:
    """What the key may do; None, and a warning, if the venue does not tell."""
    try:
        standing = await account.read_key(key_id)
    except VenueError as error:
        log.warning("key_not_read", reason=str(error))
        return None
    if not standing.is_listed:
        log.warning("key_not_listed")
    return standing


def judge_kalshi_key(standing: KeyStanding, *, subaccount: int) -> str:
    """Why orders of this key would be refused; nothing where they would not, or nobody knows."""
    if not standing.is_listed:
        return ""
    if standing.missing:
        return f"the key may not trade: it lacks the scope {' and '.join(standing.missing)}"
    if standing.subaccount not in (None, subaccount):
        return f"the key may only use subaccount {standing.subaccount}, not {subaccount}"
    return ""


def require_kalshi_key(standing: KeyStanding, *, subaccount: int, sends_orders: bool) -> None:
    """Refuse a key that cannot trade where it has to; else only tell.

    Raises:
        CredentialError: orders would go out, and be refused.
    """
    reason = judge_kalshi_key(standing, subaccount=subaccount)
    if not reason:
        return
    if sends_orders:
        raise CredentialError("kalshi", "KALSHI_API_KEY_ID", reason)
    log.warning("key_cannot_trade", reason=reason)


def alarm_region(standing: KeyStanding, now_ms: int) -> None:
    """Tell when the attestation of our location has ended, or ends within a week.

    After it a key trades no sports, elections and entertainment (Kalshi changelog, 2026-08-16).
    """
    left_ms = standing.region_expires_ms - now_ms
    if not standing.region_expires_ms or left_ms > REGION_WARNING_MS:
        return
    event = "region_expired" if standing.is_region_expired(now_ms) else "region_expires_soon"
    log.error(
        event,
        venue="kalshi",
        expires_ms=standing.region_expires_ms,
        days_left=max(0, left_ms // (DAY_S * 1_000)),
        remedy="attest the location in the app",
    )


def require_access(seen: Geoblock, *, sends_orders: bool) -> None:
    """Refuse to trade from where Polymarket does not want us; paper trading is only told.

    Raises:
        VenueRejected: orders would go out from a place that the venue blocks.
    """
    if seen.access is Access.UNKNOWN:
        log.warning("geoblock_not_known", venue="polymarket", reason=seen.reason)
    elif not seen.may_trade and sends_orders:
        raise VenueRejected(
            "polymarket", "geoblocked", f"takes no orders from here ({seen}): nothing is traded"
        )
    elif not seen.may_trade:
        log.warning("geoblocked", venue="polymarket", seen=str(seen))


async def alarm_allowances(account: PolymarketAccount, markets: Iterable[Market]) -> None:
    """Tell which approvals the wallet lacks: orders that need them are refused."""
    try:
        missing = await account.missing_allowances(markets)
    except VenueError as error:
        log.warning("allowances_not_read", venue="polymarket", reason=str(error))
        return
    for allowance in missing:
        log.error("allowance_missing", venue="polymarket", what=str(allowance))
