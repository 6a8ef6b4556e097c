"""Chooses the style that is read if a lake has a renderer's cues in several styles."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.kinds.renderer import style_of
from affectflow.kinds.style import PLAIN
from affectflow.lake import Lake
from affectflow.stages.runs.answers import folder_of, modalities


@dataclass(frozen=True)
class Wordings:
    """Which cues are read if they exist in several styles.

    Attributes:
      styles: by name and version of such a renderer, the one that is read.
      unread: folders of the others.
    """

    styles: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()

    def of(self, cues: pa.Table) -> pa.Table:
        """Returns those rows of `cues` that are read."""
        if not self.styles:
            return cues
        ids = pc.unique(cues["renderer_id"]).drop_null().to_pylist()
        others = [each for each in ids if not self.reads(each)]
        unread = pc.is_in(cues["renderer_id"], value_set=pa.array(others, pa.string()))
        return cues.filter(pc.invert(unread))

    def reads(self, renderer_id: str) -> bool:
        """Returns whether the cues of a renderer are read."""
        name, style = style_of(renderer_id)
        return self.styles.get(name, style) == style


ALL = Wordings()


def wordings(lake: Lake, read: str, style: str) -> Wordings:
    """Returns which cues of a lake are read, where a renderer has several styles.

    Args:
      lake: that holds them.
      read: `all` cues, those of the `text`, or `none`.
      style: of the model that reads them; empty if none was said.

    Raises:
      UsageError: a style must be named.
    """
    there = modalities(lake, read)
    found: dict[str, set[str]] = {}
    for renderer_id, modality in there.items():
        name, own = style_of(renderer_id)
        # Those of a text have come in with it, in the plain style.
        found.setdefault(name, {PLAIN} if modality == "text" else set()).add(own)
    texts = {style_of(each)[0] for each, what in there.items() if what == "text"}
    several = {name: styles for name, styles in found.items() if len(styles) > 1}
    chosen = {
        name: _chosen(name, styles, style or (PLAIN if name in texts else ""))
        for name, styles in several.items()
    }
    among = Wordings(chosen)
    unread = {folder_of(each) for each in there if not among.reads(each)}
    return Wordings(chosen, frozenset(unread))


def _chosen(name: str, styles: set[str], style: str) -> str:
    if style in styles:
        return style
    raise UsageError(
        f"this lake has the cues of {name} in {len(styles)} styles, "
        f"{' and '.join(sorted(styles))}: say which one to read, such as "
        f"--set style={min(styles)}"
    )
