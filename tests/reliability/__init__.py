"""The promises about bad days, kept by real processes: at small sizes here, in full by `make soak`."""
