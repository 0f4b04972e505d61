"""Who may do what: roles, permissions and row scope."""
