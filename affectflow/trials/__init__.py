"""Trials: what plugins do on data whose answers are known: `affectflow eval causes`."""
