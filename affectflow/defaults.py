"""Which plugins are used where nobody names one; the core names no others."""

MODEL = "EmbeddedEmotions"
FOLDER_READER = "SequenceClassifier"
"""What reads a folder that `affectflow train` did not write, or a hub id."""
MINER = "RuleMiner"
CLUSTERER = "WordClusterer"
RENDERERS = ("RenderEmoji", "RenderEmoticons", "RenderTypography")
INGEST_STEPS = ("NormalizeText", "Textualize")
"""What every message goes through before it is written."""
VOCABULARIES = ("ekman", "goemotions", "irritation", "plutchik", "leia")
"""Where a label is looked for, in order, if nobody names its vocabulary."""
