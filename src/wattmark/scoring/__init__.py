"""What an answer is worth: pure functions on (expected, answer). No file, no clock, no model."""
