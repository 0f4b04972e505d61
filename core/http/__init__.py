"""The HTTP edge: routes, wire shapes, envelope, errors, OpenAPI."""
