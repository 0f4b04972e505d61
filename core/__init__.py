"""The kernel: it knows that gyms exist, and knows no feature and no plugin by name."""
