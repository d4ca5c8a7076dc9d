"""Places: the one tree from street to spot, grids, stations, and what law and jurisdiction say there."""
