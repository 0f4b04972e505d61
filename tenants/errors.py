"""Refusals of the registry of gyms."""

from core.errors import Conflict, Gone, NotFound, Unprocessable


class GymExists(Conflict):
    """The slug belongs to a gym that was created with another admin."""

    code = "TENANT_EXISTS"
    message = "A gym with this slug exists, and its admin is somebody else."


class GymClosed(Conflict):
    """The gym was closed, and a closed gym does not open again."""

    code = "TENANT_CLOSED"
    message = "This gym is closed; create a new one instead."


class DomainTaken(Conflict):
    """The domain already leads to another gym."""

    code = "TENANT_DOMAIN_TAKEN"
    message = "One of these domains already leads to another gym."


class GymInvalid(Unprocessable):
    """What was asked for cannot be a gym; ``details`` says which part and why."""

    code = "TENANT_INVALID"
    message = "A gym cannot be like this."


class PluginHasDependants(Conflict):
    """Other plugins that are on need this one; ``details`` names them."""

    code = "PLUGIN_HAS_DEPENDANTS"
    message = "Other plugins need this one; send withDependants to switch all off."


class OperatorExists(Conflict):
    """Another operator has the e-mail address."""

    code = "OPERATOR_EXISTS"
    message = "An operator with this e-mail address exists already."


class GymNotClosed(Conflict):
    """Only a closed gym can be erased."""

    code = "TENANT_NOT_CLOSED"
    message = "Close this gym first; only a closed one can be erased."


class SlugDiffers(Unprocessable):
    """The slug that was repeated is not that of the gym."""

    code = "TENANT_SLUG_DIFFERS"
    message = "Repeat the slug of this very gym."


class ArchiveRefused(Unprocessable):
    """The archive of a gym does not fit here, or was changed; ``details`` tells."""

    code = "TENANT_ARCHIVE_REFUSED"
    message = "This archive does not fit this installation, or was changed."


class ExportUnknown(NotFound):
    """The gym has no export with this id."""

    code = "TENANT_EXPORT_UNKNOWN"
    message = "There is no such export of this gym."


class ExportNotReady(Conflict):
    """The export is not written yet, or came to nothing; its status says which."""

    code = "TENANT_EXPORT_NOT_READY"
    message = "This export has no file to download."


class ExportGone(Gone):
    """The file of the export is no longer kept."""

    code = "TENANT_EXPORT_GONE"
    message = "The file of this export is no longer kept; ask for a new one."


class NothingToLockWith(Conflict):
    """Archives are always locked, and there is nothing to lock this one with."""

    code = "TENANT_EXPORT_UNLOCKED"
    message = "Set PALESTRA_BACKUP_PASSPHRASE or PALESTRA_BACKUP_RECIPIENTS first."
