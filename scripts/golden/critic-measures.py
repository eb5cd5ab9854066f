"""Makes tests/golden/critic-measures.json: ROUGE, Cohen's kappa and agreement of spans, as their definitions read.

    python3 scripts/golden/critic-measures.py

Python's standard library alone. Nothing here is shared with src/pipeline/reward/critic-quality, and what is counted
cleverly there is counted plainly here: the longest common subsequence by trying subsequences from the longest down, the
overlap of n-grams by crossing them out one by one, kappa from two lists of labels in exact fractions, and pairs of spans
by trying every way of pairing them. Running the tests needs none of this.
"""

import itertools
import json
import random
import unicodedata
from fractions import Fraction
from pathlib import Path

chance = random.Random(31)

# --- ROUGE: Lin 2004, sections 2 and 3.1, with the balanced F ---


def words_of(text):
    """Runs of letters, marks and digits in lower case; an ideograph or a kana is a word by itself."""
    words = []
    open_word = False
    for character in text.lower():
        name = unicodedata.name(character, "")
        if name.startswith(("CJK UNIFIED IDEOGRAPH", "HIRAGANA LETTER", "KATAKANA LETTER")):
            words.append(character)
            open_word = False
        elif unicodedata.category(character)[0] in "LMN":
            if open_word:
                words[-1] += character
            else:
                words.append(character)
            open_word = True
        else:
            open_word = False
    return words


def balanced(common, wanted, given):
    """2PR / (P + R), with precision common / given and recall common / wanted; 0 where nothing is common."""
    if common == 0:
        return 0.0
    precision, recall = Fraction(common, given), Fraction(common, wanted)
    return float(2 * precision * recall / (precision + recall))


def rouge_n(wanted, given, size):
    reference = [tuple(wanted[i : i + size]) for i in range(len(wanted) - size + 1)]
    candidate = [tuple(given[i : i + size]) for i in range(len(given) - size + 1)]
    left = list(reference)
    common = 0
    for gram in candidate:
        if gram in left:
            left.remove(gram)
            common += 1
    return balanced(common, len(reference), len(candidate))


def is_subsequence(part, whole):
    rest = iter(whole)
    return all(word in rest for word in part)


def rouge_l(wanted, given):
    short, long = sorted((wanted, given), key=len)
    for size in range(len(short), 0, -1):
        if any(is_subsequence(part, long) for part in itertools.combinations(short, size)):
            return balanced(size, len(wanted), len(given))
    return 0.0


def rouge_case(reference, candidate):
    wanted, given = words_of(reference), words_of(candidate)
    values = {"rouge1": rouge_n(wanted, given, 1), "rouge2": rouge_n(wanted, given, 2), "rougeL": rouge_l(wanted, given)}
    return {"reference": reference, "candidate": candidate, **values}


VOCABULARY = ["the", "The", "year", "is", "wrong", "not", "1874", "bridge", "naïve", "день", "年", "か", "it's"]
GAPS = [" ", " ", " ", ", ", ". ", "\n", " – ", "-"]


def sentence(most):
    return "".join(chance.choice(VOCABULARY) + chance.choice(GAPS) for _ in range(chance.randrange(most + 1)))


rouge_cases = [rouge_case(sentence(9), sentence(9)) for _ in range(40)]

# --- Cohen's kappa (1960), from the labels that two people gave ---


def kappa(first, second):
    """Observed agreement less that of chance, over what chance leaves; None where chance alone agrees everywhere."""
    count = len(first)
    observed = Fraction(sum(a == b for a, b in zip(first, second)), count)
    labels = set(first) | set(second)
    expected = sum(Fraction(first.count(one), count) * Fraction(second.count(one), count) for one in labels)
    return None if expected == 1 else float((observed - expected) / (1 - expected))


def kappa_case(classes, count):
    first = [chance.randrange(classes) for _ in range(count)]
    second = [one if chance.random() < 0.6 else chance.randrange(classes) for one in first]
    table = [sum(a == row and b == column for a, b in zip(first, second)) for row in range(classes) for column in range(classes)]
    return {"classes": classes, "table": table, "kappa": kappa(first, second)}


kappa_cases = [kappa_case(chance.randrange(2, 5), chance.randrange(1, 60)) for _ in range(24)]

# --- Agreement of two people over answers: spans one to one, and the signs of words ---

POLARITIES = ["good", "poor", "neutral"]


def some_spans(word_count):
    """Stretches of whole words that do not touch, by their first and last word."""
    spans = []
    at = chance.randrange(3)
    while at < word_count and len(spans) < 4:
        last = min(word_count - 1, at + chance.randrange(4))
        spans.append((at, last, chance.choice(POLARITIES)))
        at = last + 2 + chance.randrange(4)
    return spans


def overlap(a, b):
    """Intersection over union in code points: a word and the blank after it are two of them, the last blank is outside."""
    first = set(range(2 * a[0], 2 * a[1] + 1))
    second = set(range(2 * b[0], 2 * b[1] + 1))
    return Fraction(len(first & second), len(first | second))


def most_pairs(first, second, least):
    """The most pairs, each span in one at most, that overlap by `least`."""
    if not first:
        return 0
    rest = most_pairs(first[1:], second, least)
    taken = [
        1 + most_pairs(first[1:], [other for other in second if other is not one], least)
        for one in second
        if overlap(first[0], one) >= least
    ]
    return max([rest, *taken])


def signs(spans, word_count):
    sign = {"good": 1, "poor": -1, "neutral": 0}
    return [
        next((sign[polarity] for start, last, polarity in spans if start <= word <= last), 0) for word in range(word_count)
    ]


def agreement_case():
    answers = []
    exact = iou50 = both = 0
    labels = ([], [])
    for _ in range(chance.randrange(1, 4)):
        word_count = chance.randrange(1, 16)
        people = [some_spans(word_count), some_spans(word_count)]
        if chance.random() < 0.4:
            people[1] = people[0][:1] + [span for span in people[1] if span[0] > (people[0] or [(0, -1)])[0][1] + 1]
        answers.append({"words": word_count, "people": people})
        exact += most_pairs(*people, Fraction(1))
        iou50 += most_pairs(*people, Fraction(1, 2))
        both += len(people[0]) + len(people[1])
        for found, spans in zip(labels, people):
            found.extend(signs(spans, word_count))
    f1 = {"exact": float(Fraction(2 * exact, both)) if both else None, "iou50": float(Fraction(2 * iou50, both)) if both else None}
    return {"answers": answers, "spanF1": f1, "kappa": kappa(*labels)}


agreement_cases = [agreement_case() for _ in range(24)]

out = Path(__file__).resolve().parents[2] / "tests/golden/critic-measures.json"
made = {"rouge": rouge_cases, "kappa": kappa_cases, "agreement": agreement_cases}
out.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
