"""Stays and their guests: who sleeps where, since when, shown by which paper."""
