"""The HTTP API: the same resources and use cases as the pages, for programs."""
