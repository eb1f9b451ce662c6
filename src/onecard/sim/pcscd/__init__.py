"""A real pcscd with virtual readers, and the cards that are laid on them."""
