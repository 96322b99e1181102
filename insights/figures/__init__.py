"""Figures: a measure over a period, with filters and a grouping, and the rows behind it."""
