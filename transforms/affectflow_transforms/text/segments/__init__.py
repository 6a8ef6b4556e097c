"""Segments: typed spans of what is not, or not plainly, the author's own prose.

`find_segments` reads a text once from left to right. At the start of a line the
families of blocks are tried (code, quotes, logs, templates, signatures, bots); between
blocks, what is within a line. The first opener wins, so segments never overlap.
"""

from affectflow_transforms.text.segments import blocks, inline
from affectflow_transforms.text.segments.addresses import in_chats
from affectflow_transforms.text.segments.base import Scan, Segment
from affectflow_transforms.text.segments.blocks import (
    ALL_FAMILIES,
    families,
    may_have_segments,
)
from affectflow_transforms.text.segments.personal import ALL, detectors, mask_personal

__all__ = [
    "ALL",
    "ALL_FAMILIES",
    "TYPES",
    "Segment",
    "detectors",
    "families",
    "find_segments",
    "in_chats",
    "mask_personal",
    "may_have_segments",
]

TYPES = (
    "code",
    "quote",
    "log",
    "link",
    "mention",
    "signature",
    "bot",
    "template",
    "html",
    "pii",
)


def find_segments(
    text: str, *, chat: bool = False, bits: int = ALL_FAMILIES
) -> list[Segment]:
    """Returns the segments of `text`: sorted, disjoint, none empty.

    Takes time linear in the text.

    Args:
      text: clean, see `clean`.
      chat: whether it is a message of a chat, which may begin with an account.
      bits: of the families that may begin in it, see `families`.
    """
    scan = Scan(text, chat=chat)
    found: list[Segment] = []
    position = 0
    for block in blocks.find_blocks(scan, bits):
        found += inline.find_inline(scan, position, block.start)
        found.append(block)
        position = block.end
    found += inline.find_inline(scan, position, scan.size)
    return found
