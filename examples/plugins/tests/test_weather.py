from affectflow import registry


def test_labels_lead_to_clusters_of_the_wheel():
    measure = registry.make("measures", "WheelScore", {"wheel": "weather"})

    on = measure.tables()

    assert on
