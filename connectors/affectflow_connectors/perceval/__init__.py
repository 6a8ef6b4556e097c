"""Perceval of GrimoireLab: items of any backend, each in the same envelope."""
