"""Finished analyses built from the engine, one per file."""
