"""The foundation of every stage: requests, parts, receipts, commits."""
