"""Plain text similarity, for comparison: token-set ratio and TF-IDF of character n-grams.

Each is given its best threshold on the very rows it is judged by, which flatters it; neither knows
polarity, so each pair it accepts counts as "same".
"""

import math
import time
from collections import Counter
from difflib import SequenceMatcher

from twoleg.matching.listing import KalshiListing, PolymarketListing
from twoleg.matching.texts import fold, words

Item = tuple[dict[str, object], KalshiListing, PolymarketListing]


def measured(items: list[Item]) -> dict[str, object]:
    """Both baselines on labelled rows."""
    texts = [
        (fold(f"{kalshi.title} {kalshi.subtitle}"), fold(polymarket.question))
        for _, kalshi, polymarket in items
    ]
    labels = [str(row.get("label")) for row, *_ in items]
    return {
        "token_set": _best([token_set(*pair) for pair in texts], labels, time.perf_counter()),
        "tf_idf": _best(tf_idf(texts), labels, time.perf_counter()),
    }


def token_set(one: str, other: str) -> float:
    """The usual token-set ratio: shared words against each side's shared words and rest."""
    left, right = set(words(one)), set(words(other))
    shared = " ".join(sorted(left & right))
    ones = f"{shared} {' '.join(sorted(left - right))}".strip()
    others = f"{shared} {' '.join(sorted(right - left))}".strip()
    pairs = ((shared, ones), (shared, others), (ones, others))
    return max(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in pairs)


def tf_idf(texts: list[tuple[str, str]]) -> list[float]:
    """Cosine of character 3-grams weighted by how few texts hold them."""
    grams = [tuple(Counter(_grams(text)) for text in pair) for pair in texts]
    seen = Counter(gram for pair in grams for bag in pair for gram in bag)
    total = 2 * len(texts)
    weights = {gram: math.log((1 + total) / (1 + n)) + 1 for gram, n in seen.items()}
    return [_cosine(left, right, weights) for left, right in grams]


def _grams(text: str) -> list[str]:
    return [text[i : i + 3] for i in range(max(1, len(text) - 2))]


def _cosine(left: Counter[str], right: Counter[str], weights: dict[str, float]) -> float:
    def norm(bag: Counter[str]) -> float:
        return math.sqrt(sum((n * weights[gram]) ** 2 for gram, n in bag.items()))

    dot = sum(n * right[gram] * weights[gram] ** 2 for gram, n in left.items() if gram in right)
    return dot / (norm(left) * norm(right) or 1.0)


def _best(scores: list[float], labels: list[str], started: float) -> dict[str, object]:
    """The threshold with the best F1, and what it gives."""
    wanted = sum(label != "different" for label in labels)
    ranked = sorted(zip(scores, labels, strict=True), reverse=True)
    best: dict[str, object] = {"f1": 0.0}
    hits = same = 0
    recall_at_95 = 0.0
    for accepted, (score, label) in enumerate(ranked, 1):
        hits += label != "different"
        same += label == "same"
        precision, recall = hits / accepted, hits / (wanted or 1)
        if precision >= 0.95:
            recall_at_95 = recall
        f1 = 2 * precision * recall / ((precision + recall) or 1)
        if f1 > float(str(best["f1"])):
            best = {
                "f1": round(f1, 4),
                "threshold": round(score, 3),
                "precision": round(precision, 4),
                "recall": round(recall, 4),
                "polarity_accuracy": round(same / hits, 4) if hits else None,
                "accepted": accepted,
            }
    best["recall_at_precision_095"] = round(recall_at_95, 4)
    best["seconds"] = round(time.perf_counter() - started, 3)
    return best
