"""Operations of a desk on cards: planned, written down, carried out, and taken up again after any break."""
