"""What every stage stands on: requests, parts, receipts, commits."""
