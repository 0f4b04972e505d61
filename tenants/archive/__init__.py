"""A gym as one file, to move it to another installation with its ids."""

from tenants.archive import exports
from tenants.archive.entering import enter
from tenants.archive.landing import sweep
from tenants.archive.leaving import export
from tenants.archive.shape import Home, Site

__all__ = ["Home", "Site", "enter", "export", "exports", "sweep"]
