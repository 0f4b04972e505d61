"""What can be done with milestones: count, evaluate, give."""
