import pyarrow as pa

from affectflow import registry, vocabularies


def test_patterns_are_found_in_a_reply():
    pack = registry.make("models", "BoundaryPatterns", {"pack": "short_replies"})

    found = pack.load_model().found(pa.array(["No, sorry: ask somebody else."]))

    labels = vocabularies.get("boundary").labels
    said = {label for label, is_there in zip(labels, found[0], strict=True) if is_there}
    assert said == {"direct_refusal", "apology", "deflection"}
