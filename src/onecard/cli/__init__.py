"""Commands: each parses, calls one use case and prints; `runtime` joins or starts what they need."""
