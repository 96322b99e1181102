"""Faults at random moments under load, and the count of what customers lost by them."""
