"""Devices: registry and certification, presence, record stores with their watermarks; drivers."""
