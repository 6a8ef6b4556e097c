"""What leaves a lake: labels for a replication, without a word that anybody wrote."""

from affectflow.export.replication import export_for_replication

__all__ = ["export_for_replication"]
