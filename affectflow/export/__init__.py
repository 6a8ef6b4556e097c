"""What leaves a lake: labels for a replication, without any text that people wrote."""

from affectflow.export.replication import Exported, export_for_replication

__all__ = ["Exported", "export_for_replication"]
