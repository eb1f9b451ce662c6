"""Sign-in, operators, roles, sessions, approvals, API keys, the own account."""
