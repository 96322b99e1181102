"""What the portal saves, and what that rests on."""
