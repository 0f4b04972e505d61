"""Calls that leave the house for a place that a gym's admin chose.

The admin names the host and the platform's server connects to it. Without care that
lets an admin reach what only the server can: its own network, or the metadata service
of its cloud. So each such host goes through the ``Guard``, whoever calls it: it is
looked up once, every address is checked, and the connection is made to a checked
address and to no other.
"""
