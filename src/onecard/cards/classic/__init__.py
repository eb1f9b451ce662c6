"""MIFARE Classic as bytes: sectors and blocks, access conditions, value blocks."""
