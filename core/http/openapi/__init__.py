"""OpenAPI 3.1 from what the routes declare: for the installation, and for each gym."""

from core.http.openapi.documents import Documents, documents_of, full_document, install

__all__ = ["Documents", "documents_of", "full_document", "install"]
