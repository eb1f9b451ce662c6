"""Readers of PC/SC: the system's library by ctypes, slots on it, and what differs between makers."""
