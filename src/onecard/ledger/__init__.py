"""The ledger: accounts and purses, postings, the batching writer, proofs. Knows no card, person or device."""
