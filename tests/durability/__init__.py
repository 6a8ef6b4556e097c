"""Durability: what is left after kills, races, full disks and broken stores."""
