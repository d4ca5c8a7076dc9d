"""Imports: the ledgers people really keep, read in bounded memory, tried dry, stored whole or not at all."""
