"""Appointments, series, availability, conflicts and the waiting list."""
