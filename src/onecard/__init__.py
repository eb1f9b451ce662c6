"""OneCard, the one-card platform (一卡通). ARCHITECTURE.md says what lives where."""

__version__ = "0.1.0"
