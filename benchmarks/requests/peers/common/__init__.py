"""What both peers share: rules of the domain, tokens, and forms of stored values."""
