"""Pure decisions of scheduling: open time, free slots, what may become of a session."""
