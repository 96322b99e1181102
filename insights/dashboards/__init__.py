"""The dashboards: each page is a list of blocks, each block a few figures and their links."""
