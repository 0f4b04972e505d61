"""What a plugin imports, and all it imports, from core.

Four modules, by what they bring along: ``core.sdk.base`` (plain Python, for
``domain.py``, ``hooks.py``, ``errors.py``, ``permissions.py`` and ``service.py``),
``core.sdk.data`` (SQLAlchemy, for ``models.py`` and ``repository.py``),
``core.sdk.http`` (Flask and marshmallow, for ``endpoints.py`` and ``schemas.py``) and
``core.sdk.plugin`` (for ``plugin.py``).
"""
