"""Tenants: create, find by code, suspend; later operators, roles, permissions, audit."""
