from affectflow import hub


def test_the_model_is_known_with_its_licence():
    model = hub.get("my_classifier")

    assert (model.licence, model.commercial_use) == ("Apache-2.0", True)
