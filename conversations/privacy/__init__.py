"""What is kept of people, for how long, and how it is given out and taken away."""
