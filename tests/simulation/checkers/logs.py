"""The log: no secret in it, and no word of a contradiction that nobody caused."""

from typing import Final

from tests.simulation.checkers.facts import Facts, Rule, violate

ALARMING: Final = frozenset(
    {
        "archive_failed",
        "fact_not_journalled",
        "invariant_broken",
        "notional_contradicted",
        "order_port_raised",
        "task_failed",
    }
)


class LogsClean(Rule):
    """Reads the lines that the daemon logged and the records that it journalled."""

    def step(self, facts: Facts) -> None:
        for line in facts.new_logs:
            event = str(line.get("event", ""))
            if event in ALARMING and event not in facts.expected_logs:
                raise violate("alarming_log", str(dict(line)))
            if facts.secrets:
                self._check(facts, str(line))

    @staticmethod
    def _check(facts: Facts, text: str) -> None:
        for secret in facts.secrets:
            if secret and secret in text:
                raise violate("secret_logged", text.replace(secret, "…"))
