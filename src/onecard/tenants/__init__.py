"""Tenants: create, find by code, suspend; who works in them, what they may do and what they did."""
