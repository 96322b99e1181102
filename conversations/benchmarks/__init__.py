"""Measurements of a running portal, from outside, over its public protocol."""
