"""Who may do what, and the one door to the database: permissions, actor, unit of work, use case."""
