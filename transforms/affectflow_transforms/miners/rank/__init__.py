"""RankMiner: the span that a small learned model ranks first."""
