import pytest

from affectflow import registry
from affectflow.errors import UsageError


def test_themes_may_be_named_after_the_taxonomy():
    registry.make("clusterers", "WordClusterer", {"taxonomy": ["kitchen"]})

    with pytest.raises(UsageError, match="no taxonomy"):
        registry.make("clusterers", "WordClusterer", {"taxonomy": ["cellar"]})
