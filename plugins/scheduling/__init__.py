"""Scheduling: when coaches are open, and the sessions booked with them."""
