"""One line to type for each command, shown at the end of its help."""

EXAMPLES = {
    "demo": "affectflow demo --to affectflow-demo",
    "ingest": "affectflow ingest posts.csv --source csv "
    "--map utterance_id=id,text=body --to lake",
    "textualize": "affectflow textualize lake --renderer RenderVoice",
    "annotate": "affectflow annotate lake --model EmbeddedEmotions",
    "mine": "affectflow mine lake --miner RuleMiner",
    "analyze": "affectflow analyze issues.json --source github --to lake",
    "plan": "affectflow plan issues.json --source github --to lake",
    "run": "affectflow run pipeline.yaml --check",
    "doctor": "affectflow doctor --lake lake -- --runner=SparkRunner",
    "train": "affectflow train emotions --data goemotions --out my-model",
    "report": "affectflow report lake --out report.html",
    "serve": "affectflow serve lake",
    "sql": 'affectflow sql lake "SELECT theme, count FROM frustration_causes"',
    "digest": "affectflow digest lake",
    "status": "affectflow status lake",
    "cite": "affectflow cite lake > methods.md",
    "export": "affectflow export lake --for replication --to replication",
    "replay": "affectflow replay lake",
    "compact": "affectflow compact lake",
    "gc": "affectflow gc lake --dry-run",
    "erase": "affectflow erase lake --where \"source = 'github'\"",
    "diff": "affectflow diff lake RUN_A RUN_B",
    "sample": "affectflow sample lake --n 100 --out sheet.csv --html sheet.html",
    "gold": "affectflow gold lake sheet.csv",
    "calibrate": "affectflow calibrate lake",
    "measure": "affectflow measure GroupGap lake --by container",
    "compare": "affectflow compare lake EmbeddedEmotions EmbeddedValence",
    "eval": "affectflow eval frustration lake",
    "plugins": "affectflow plugins --kind models",
    "plugins show": "affectflow plugins show RenderEmoji",
    "plugins test": "affectflow plugins test RenderEmoji",
    "plugins new": "affectflow plugins new renderers RenderSighs",
}


def example_of(command: str) -> str | None:
    """Returns the last line of a command's help, or None for a hidden command."""
    line = EXAMPLES.get(command)
    return f"Example:  {line}" if line else None
