"""Checkers of the house rules: each takes text or a catalogue and returns what breaks the rule."""
