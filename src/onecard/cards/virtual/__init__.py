"""Virtual cards and their reader: MIFARE Classic that obeys its rules and can be torn, dumped and cloned."""
