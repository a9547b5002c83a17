from random import Random

import pytest

from twoleg.sim.faults import FaultInvalid, Faults, parse_rule

ORDERS = "/trade-api/v2/portfolio/events/orders"


def faults(*rules: dict) -> Faults:
    return Faults(rules, rng=Random(3))


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"on": "POST /x", "kind": "explode"}, "kind 'explode' is none of"),
        ({"on": "POST /x"}, "kind None is none of"),
        ({"kind": "kill"}, "on must be"),
        ({"on": "PUSH /x", "kind": "kill"}, "is not"),
        ({"on": "POST x", "kind": "kill"}, "is not"),
        ({"on": "ws", "kind": "kill"}, "cannot be on"),
        ({"on": "POST /x", "kind": "ws_gap"}, "cannot be on"),
        ({"on": "POST /x", "kind": "kill", "probability": 2}, "probability must be a number"),
        ({"on": "POST /x", "kind": "kill", "probability": True}, "probability must be a number"),
        ({"on": "POST /x", "kind": "kill", "count": -1}, "count must be a whole number"),
        ({"on": "POST /x", "kind": "delay"}, "needs delay_ms"),
        ({"on": "POST /x", "kind": "partial"}, "needs share"),
        ({"on": "POST /x", "kind": "partial", "share": 1.5}, "share must be"),
        ({"on": "POST /x", "kind": "kill", "when": "after"}, "has no when"),
        ({"on": "POST /x", "kind": "delay", "delay_ms": 1, "when": "never"}, "when must be"),
        ({"on": "POST /x", "kind": "kill", "often": 1}, "unknown field 'often'"),
    ],
)
def test_parse_rule_refuses_with_place_and_reason(rule: dict, reason: str) -> None:
    with pytest.raises(FaultInvalid, match="fault rule 4: ") as caught:
        parse_rule(rule, 4)
    assert reason in str(caught.value)


def test_count_limits_how_often_a_rule_fires() -> None:
    subject = faults({"on": "POST /trade-api", "kind": "http_503", "count": 2})
    fired = [len(subject.http("POST", ORDERS)) for _ in range(4)]
    assert fired == [1, 1, 0, 0]
    assert subject.report()["fired"] == {"http_503": 2}


def test_rules_cover_method_and_path_prefix_only() -> None:
    subject = faults({"on": "POST /trade-api", "kind": "http_503"})
    assert not subject.http("GET", ORDERS)
    assert not subject.http("POST", "/other")
    assert faults({"on": "* /", "kind": "http_503"}).http("DELETE", "/other")


def test_probability_is_seeded() -> None:
    rule = {"on": "* /", "kind": "http_500", "probability": 0.3}
    runs = [[len(f.http("GET", "/")) for _ in range(200)] for f in (faults(rule), faults(rule))]
    assert runs[0] == runs[1]
    assert 30 < sum(runs[0]) < 90


def test_delays_add_up_before_one_other_fault() -> None:
    delay = {"on": "* /", "kind": "delay", "delay_ms": 5}
    subject = faults(
        delay, delay, {"on": "* /", "kind": "drop_after"}, {"on": "* /", "kind": "http_500"}
    )
    assert [rule.kind for rule in subject.http("GET", "/")] == ["delay", "delay", "drop_after"]


def test_order_faults_are_recorded_with_key_and_time() -> None:
    subject = faults({"on": f"POST {ORDERS}", "kind": "partial", "share": 0.25, "count": 1})
    rule = subject.order("POST", ORDERS, key="abc", ts_ms=17)
    assert rule is not None
    assert rule.share_ppm == 250_000
    assert subject.order("POST", ORDERS, key="def", ts_ms=18) is None
    assert subject.report()["records"] == [{"kind": "partial", "key": "abc", "ts_ms": 17}]


def test_ws_gap_swallows_only_sequenced_frames() -> None:
    subject = faults({"on": "GET ws", "kind": "ws_gap", "count": 1})
    assert subject.ws("/any", is_sequenced=False) is None
    assert subject.ws("/any") is not None
    assert subject.ws("/any") is None
    assert faults({"on": "ws /a", "kind": "ws_gap"}).ws("/b") is None


def test_invalid_rules_leave_the_rules_in_force() -> None:
    subject = faults({"on": "* /", "kind": "http_500"})
    good = {"on": "* /", "kind": "http_503"}
    with pytest.raises(FaultInvalid, match="fault rule 2"):
        subject.add([good, {}])
    with pytest.raises(FaultInvalid, match="fault rule 0"):
        subject.replace([{}])
    assert [rule.kind for rule in subject.http("GET", "/")] == ["http_500"]
    subject.replace([good])
    assert [rule.kind for rule in subject.http("GET", "/")] == ["http_503"]
    subject.clear()
    assert subject.http("GET", "/") == []
    assert subject.report()["fired"] == {"http_500": 1, "http_503": 1}
