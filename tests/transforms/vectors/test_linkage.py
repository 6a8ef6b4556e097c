"""The linkage attack on vectors of real messages, with the figures of the page."""

import pytest

from tests.bench import linkage
from tests.given.docs_tables import ROOT


@pytest.mark.proof
def test_who_can_link_turned_vectors_and_what_is_kept(shared_data):
    rows = linkage.figures(shared_data)

    page = (ROOT / "docs" / "vectors.md").read_text(encoding="utf-8")
    for row in rows:
        line = f"| {row.vectors} | {row.attacker} | {row.eer:.2f} | {row.emotion:.2f} |"
        assert line in page
    plain, ignorant, own_key, knows, has_key, _, restored, alone = rows
    assert plain.eer == pytest.approx(has_key.eer)
    assert min(ignorant.eer, own_key.eer, alone.eer) > 0.4
    # No anonymity: turned vectors link with one another as before.
    assert max(knows.eer, restored.eer) < plain.eer + 0.05
    assert ignorant.emotion < 0.55 < plain.emotion <= restored.emotion
