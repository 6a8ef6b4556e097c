"""What sources share: listing, streams, rows, mapping, JSON."""
