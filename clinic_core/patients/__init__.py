"""Patients: registration, search, duplicates, merging."""
