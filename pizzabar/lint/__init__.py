"""Lint: what of a template will go wrong on AWS, or is not what its author thinks."""
