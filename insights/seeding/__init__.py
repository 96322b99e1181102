"""The demonstration history: made, marked and removed here."""
