"""Questions in plain words: read into a plan by rules, executed, and answered with their rows."""
