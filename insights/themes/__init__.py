"""Themes: clusters of what customers ask, found from the questions' embeddings."""
