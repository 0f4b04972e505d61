"""Tables, sessions, migrations: everything that speaks SQL on the house's behalf."""
