"""Rows of tables of pairs, and of answers: good ones, and one for each refusal."""

DUELS = [
    {
        "item": str(item),
        "model": model,
        "baseline": "base",
        "preference": (item * place % 7) / 6,
        "length": 100.0 + item * place % 11,
        "baseline_length": 100.0 + item % 5,
        "unit": f"c{item}",
    }
    for item in range(12)
    for place, model in enumerate(("m", "M ", "n", "o", "base"), 2)
]
DUELS += [
    {**DUELS[0], **odd}
    for odd in (
        {"model": " "},
        {"preference": 1.5},
        {"length": float("inf")},
        {"difficulty": float("inf")},
        {"gamed": "maybe"},
        {"weight": -1.0},
        {"item": None},
        {"baseline": "M", "group": "x"},
    )
]
LABELS = [
    {"gold": gold, "label": label, "annotator_id": "m", "unit": f"c{place}"}
    for place, (gold, label) in enumerate(
        (
            *(("joy", "fear"), ("fear", "joy"), ("Joy ", "anger"), ("anger", "joy")),
            *(("joy", "joy"), ("fear", None), ("anger", "fear"), ("", "joy")),
        )
    )
]
LABELS += [
    {"gold": "joy", "label": "fear", "weight": -1.0},
    {"gold": None, "label": "fear"},
    {
        "gold": "joy",
        "label": "amusement",
        "gold_vocabulary": "ekman",
        "label_vocabulary": "goemotions",
        "group": "x",
    },
    {
        "gold": "joy",
        "label": "x",
        "gold_vocabulary": "ekman",
        "label_vocabulary": "nobody's",
    },
]
