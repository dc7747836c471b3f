"""What recording, replaying and joining cost, beside the plainest that could do the same."""
