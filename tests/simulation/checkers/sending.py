"""Orders at the wire: announced before they leave, never twice, and exactly as announced."""

from tests.simulation.checkers.facts import Facts, Rule, violate
from tests.simulation.sightings import Sent
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Outcome, Side, Venue
from twoleg.storage.records import IntentRecorded


class SentOnce(Rule):
    """No order is sent twice: only Kalshi's harmless fence may come under a known key."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Venue, str], Sent] = {}

    def step(self, facts: Facts) -> None:
        for sent in facts.new_sent:
            if sent.key in facts.foreign_keys or sent.is_fence:
                continue
            first = self._seen.setdefault((sent.venue, sent.key), sent)
            if first is not sent:
                raise violate("sent_twice", f"{sent.venue.value} {sent.key}: {first} then {sent}")
        for record in facts.new_records:
            if isinstance(record, IntentRecorded):
                for ref in record.orders:
                    self._check_signed_anew(facts, record.execution_no, ref.spec.order_no)

    def _check_signed_anew(self, facts: Facts, execution_no: int, order_no: int) -> None:
        signed = facts.record.stories[execution_no].orders[order_no]
        for before in signed[:-1]:
            if before.answer is None or before.answer.status is not AnswerStatus.REJECTED:
                keys = [intent.key for intent in signed]
                raise violate("two_keys", f"execution {execution_no} order {order_no}: {keys}")


class Announced(Rule):
    """The journal holds an order before the venue sees it, and after any crash as well."""

    def step(self, facts: Facts) -> None:
        for sent in facts.new_sent:
            if sent.key in facts.foreign_keys:
                continue
            if not sent.is_journalled:
                raise violate("intent_not_journalled", f"the venue saw {sent} first")
            self._check_same(facts, sent)

    def restart(self, facts: Facts) -> None:
        for sent in facts.venues.sent:
            if sent.key not in facts.record.by_key and sent.key not in facts.foreign_keys:
                raise violate("intent_not_durable", f"sent, and lost in the crash: {sent}")

    @staticmethod
    def _check_same(facts: Facts, sent: Sent) -> None:
        intent = facts.record.by_key.get(sent.key)
        if intent is None or sent.is_fence:
            return
        spec = intent.spec
        # Shares have four decimals on the wire: of few, the ratio is a little off the limit.
        shares_e6 = max(1, sent.spend_micros * 10_000 // spec.limit_e4)
        off_e4 = abs(sent.own_limit_e4 - spec.limit_e4)
        same_limit = off_e4 <= 1 + spec.limit_e4 * 100 // shares_e6
        if sent.venue is Venue.KALSHI:
            buys_yes = (spec.outcome is Outcome.YES) is (spec.side is Side.BUY)
            yes_e4 = spec.limit_e4 if spec.outcome is Outcome.YES else 10_000 - spec.limit_e4
            is_same = (sent.side == "bid") is buys_yes and sent.limit_e4 == yes_e4
            is_same = is_same and sent.size_e6 == spec.size_e6
            is_same = is_same and sent.reduce_only is spec.reduce_only
        elif sent.spend_micros:
            is_same = sent.is_buy and sent.spend_micros == spec.spend_micros and same_limit
        else:
            is_same = sent.is_buy is (spec.side is Side.BUY) and sent.size_e6 == spec.size_e6
        if not is_same or spec.market.native_id != sent.market:
            raise violate("sent_as_not_announced", f"{sent} announced as {spec}")
