"""Whether the cost of a request stays flat while an installation grows."""
