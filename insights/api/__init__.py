"""The insights over REST: the catalogue, a figure, a question in plain words."""
