"""Figures for managers, each with the rows behind it."""
