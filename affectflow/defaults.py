"""Which plugins are used where nobody names one; the core names no others."""

from types import MappingProxyType

MODEL = "EmbeddedEmotions"
COMING = MappingProxyType({"SpanQA": ("*ForQuestionAnswering",)})
"""Plugins to come, and the architectures that they will read."""
URL_READER = "Endpoint"
"""What asks a model behind a URL."""
MINER = "RuleMiner"
TRIED_MINERS = ("RuleMiner", "RankMiner", "ConnectiveMiner")
"""Miners that `eval causes` tries: those that need no model from elsewhere."""
CAUSE_SETS = MappingProxyType(
    {
        "RECCON valid": ("ReadReccon", "reccon/dailydialog_valid.json"),
        "ECF dev": ("ReadEcf", "ecf/dev.json"),
    }
)
"""Sets of dialogues that it tries them on: who reads them, and which file."""
CLUSTERER = "WordClusterer"
RENDERERS = (
    "RenderEmoji",
    "RenderEmoticons",
    "RenderTypography",
    "RenderTones",
    "RenderSounds",
)
INGEST_STEPS = ("NormalizeText", "Textualize")
"""What every message goes through before it is written."""
MASK_NAMES = "MaskNames"
"""What replaces names of persons and places at ingest, behind the first of these."""
VOCABULARIES = ("ekman", "goemotions", "irritation", "plutchik", "leia")
"""Where a label is looked for, in order, if nobody names its vocabulary."""
