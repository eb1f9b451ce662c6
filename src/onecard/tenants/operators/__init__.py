"""Operators: their accounts and passwords, roles and grants, and what follows: who may do what."""
