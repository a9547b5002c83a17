"""How well markets are matched: labelled rows, or two catalogues all against all.

    python -m benchmarks.matching --labels FILE.jsonl
    python -m benchmarks.matching --catalogue KALSHI.jsonl POLYMARKET.jsonl --out PAIRS.jsonl

Both decide from the texts alone (see `matching_rows`), by the product's own cards and decision.
"""

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import matching_baselines as baselines
from benchmarks import matching_rows as reading
from twoleg.matching.candidates import candidates, index_words
from twoleg.matching.decide import Decision, decide
from twoleg.matching.listing import KalshiListing, PolymarketListing
from twoleg.matching.parse import CardCache, parse
from twoleg.matching.whole import checked

Labelled = tuple[dict[str, object], KalshiListing, PolymarketListing]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--catalogue", type=Path, nargs=2, metavar=("KALSHI", "POLYMARKET"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", action="store_true", help="print each wrong and missed row")
    chosen = parser.parse_args(arguments)
    if chosen.labels:
        print(json.dumps(labels_report(chosen.labels, show=chosen.show), indent=1))
        return 0
    if chosen.catalogue:
        if chosen.out is None:
            parser.error("--catalogue needs --out")
        kalshi, polymarket = chosen.catalogue
        print(json.dumps(catalogue_report(kalshi, polymarket, chosen.out), indent=1))
        return 0
    parser.print_usage(sys.stderr)
    return 2


def labels_report(path: Path, *, show: bool = False) -> dict[str, object]:
    read = [
        (row, reading.labelled_kalshi(row), reading.labelled_polymarket(row))
        for row in reading.rows(path)
    ]
    groups: dict[str, Callable[[Labelled], bool]] = {
        "firm": lambda item: item[0].get("grade") == "firm",
        "soft": lambda item: item[0].get("grade") == "soft",
        "rules_on_both_sides": lambda item: _has_rules(item[0]),
        "titles_only": lambda item: not _has_rules(item[0]),
    }
    chosen = {
        name: [
            item
            for item in read
            if keep(item) and (name in {"firm", "soft"} or groups["firm"](item))
        ]
        for name, keep in groups.items()
    }
    report: dict[str, object] = {
        "twoleg": measured(chosen["firm"], show=show),
        "baselines": baselines.measured(chosen["firm"]),
    }
    report["apart"] = {
        name: {"twoleg": measured(items), "baselines": baselines.measured(items)}
        for name, items in chosen.items()
        if name != "firm"
    }
    return report


def measured(items: list[Labelled], *, show: bool = False) -> dict[str, object]:
    started = time.perf_counter()
    decisions = [decide(parse(kalshi), parse(polymarket)) for _, kalshi, polymarket in items]
    seconds = time.perf_counter() - started
    confusions: Counter[str] = Counter()
    for (row, *_), decision in zip(items, decisions, strict=True):
        said = decision.polarity.value if decision.is_accepted and decision.polarity else "none"
        confusions[f"{row.get('label')} as {said}"] += 1
        if show and (said if said != "none" else "different") != row.get("label"):
            _show(row, decision, said)
    return {
        **figures(confusions),
        "seconds": round(seconds, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def figures(confusions: Counter[str]) -> dict[str, object]:
    """Precision, recall and polarity of "LABEL as SAID" counts; a wrong polarity is no hit."""
    pairs = {"same", "inverse"}
    counts = Counter({tuple(key.split(" as ")): n for key, n in confusions.items()})
    accepted = sum(n for (_, said), n in counts.items() if said in pairs)
    equal = sum(n for (label, said), n in counts.items() if label in pairs and said in pairs)
    right = sum(n for (label, said), n in counts.items() if label == said and said in pairs)
    wanted = sum(n for (label, _), n in counts.items() if label in pairs)
    return {
        "precision": round(equal / accepted, 4) if accepted else None,
        "recall": round(equal / wanted, 4) if wanted else None,
        "polarity_accuracy": round(right / equal, 4) if equal else None,
        "accepted": accepted,
        "confusions": dict(sorted(confusions.items())),
    }


def catalogue_report(kalshi_path: Path, polymarket_path: Path, out: Path) -> dict[str, object]:
    started = time.perf_counter()
    kalshi = {
        x.ticker: x for row in reading.rows(kalshi_path) for x in reading.catalogue_kalshi(row)
    }
    polymarket = {
        x.market_id: x
        for row in reading.rows(polymarket_path)
        for x in reading.catalogue_polymarket(row)
    }
    cache = CardCache()
    left = [cache.card(listing) for listing in kalshi.values()]
    right = [cache.card(listing) for listing in polymarket.values()]
    read_seconds = time.perf_counter() - started
    words = (map(index_words, kalshi.values(), left), map(index_words, polymarket.values(), right))
    pairs = list(candidates(*words))
    found_seconds = time.perf_counter() - started
    decisions = [decide(left[i], right[j]) for i, j in pairs]
    kept, faults = checked(
        [decision for decision in decisions if decision.is_accepted], left, right
    )
    with out.open("w", encoding="utf-8") as file:
        for decision in kept:
            file.write(json.dumps(_pair_row(decision, kalshi, polymarket)) + "\n")
    return {
        "kalshi": len(kalshi),
        "polymarket": len(polymarket),
        "candidates": len(pairs),
        "accepted": len(kept),
        "withdrawn_by_whole_checks": len(faults),
        "classes": Counter(decision.klass.value for decision in kept),
        "read_seconds": round(read_seconds, 2),
        "candidate_seconds": round(found_seconds - read_seconds, 2),
        "seconds": round(time.perf_counter() - started, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _pair_row(
    decision: Decision,
    kalshi: dict[str, KalshiListing],
    polymarket: dict[str, PolymarketListing],
) -> dict[str, object]:
    left, right = kalshi[decision.kalshi_id], polymarket[decision.polymarket_id]
    return {
        "kalshi_ticker": left.ticker,
        "kalshi_title": left.title,
        "kalshi_yes": left.yes_sub_title or left.subtitle,
        "poly_id": right.market_id,
        "poly_question": right.question,
        "poly_event": right.event_title,
        "poly_slug": right.slug,
        "class": decision.klass.value,
        "family": decision.family.value,
        "polarity": decision.polarity.value if decision.polarity else None,
        "yes_outcome": right.outcomes[decision.yes_index] if right.outcomes else None,
        "reasons": [facet.text() for facet in decision.facets],
    }


def _has_rules(row: dict[str, object]) -> bool:
    return bool(row.get("kalshi_rules")) and bool(row.get("poly_description"))


def _show(row: dict[str, object], decision: Decision, said: str) -> None:
    print(
        f"{row.get('pair_id')} {row.get('label')} as {said}: {decision.reason}\n"
        f"  {row.get('kalshi_ticker')} | {row.get('kalshi_title')} | {row.get('kalshi_subtitle')}\n"
        f"  {row.get('poly_question')} | {row.get('poly_slug')}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    sys.exit(main())
