"""Reminders: rules that say how long before something people are told of it.

For each rule a job is planned when the thing is created or moved. Nothing is taken back
when it moves again or is canceled: the job reads the thing as it then stands, and finds
that it was planned for another moment or for nothing. So a reminder cannot be lost
between two changes, and its job's key lets it out once.
"""
