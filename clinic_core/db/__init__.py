"""The database itself: engines, the embedded server, sessions, locks, number series, migrations."""
