"""Lockers: rented out to clients, against a deposit, until a day."""
