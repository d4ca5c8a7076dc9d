"""What becomes of a unit with all that hangs on it: merged into another, handed to another party, closed."""
