"""OT/1, the open terminal protocol: messages, their bytes, their reference page."""
