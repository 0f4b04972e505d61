"""What the file routes ask of whoever calls them."""

from core.access import GUESTS_TOO, STAFF, Permission

UPLOAD = Permission("files.file.upload", "Upload files.", GUESTS_TOO, people_only=True)
UPLOAD_LOGO = Permission(
    "files.logo.upload", "Upload the gym's logo.", people_only=True
)
READ = Permission("files.file.read", "Read files within reach.", GUESTS_TOO)
DELETE = Permission("files.file.delete", "Delete one's own files.", GUESTS_TOO)
DELETE_ANY = Permission("files.any.delete", "Delete files of others.", STAFF)

PERMISSIONS = (UPLOAD, UPLOAD_LOGO, READ, DELETE, DELETE_ANY)
