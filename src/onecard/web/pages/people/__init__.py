"""Departments, account classes, personnel files, import."""
