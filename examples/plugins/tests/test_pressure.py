from affectflow import vocabularies


def test_the_vocabulary_folds_to_ekman():
    assert vocabularies.get("pressure").labels == ("calm", "tense")
    folds = [f for f in vocabularies.folds() if f.from_vocabulary == "pressure"]
    assert [(f.from_label, f.to_label) for f in folds] == [("tense", "fear")]
