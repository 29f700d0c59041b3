"""The store: one SQLite file, one writer thread, one log of documents."""
