"""What can go wrong with a file."""

from core.errors import (
    AppError,
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    ProviderFailed,
    Unprocessable,
)


class FileUnknown(NotFound):
    """There is no such file in this gym."""

    code = "FILE_NOT_FOUND"
    message = "There is no such file."


class FileForbidden(Forbidden):
    """The file exists, and its purpose or its owner keeps it from the caller."""

    code = "FILE_FORBIDDEN"
    message = "This file is not yours."


class PurposeUnknown(Unprocessable):
    """No part of the platform that is on in this gym has files for this."""

    code = "FILE_PURPOSE_UNKNOWN"
    message = "Files cannot be uploaded for this purpose."


class TypeNotAllowed(Unprocessable):
    """The purpose does not take files of this type."""

    code = "FILE_TYPE_NOT_ALLOWED"
    message = "Files of this type cannot be uploaded for this purpose."


class FileTooLarge(Unprocessable):
    """The purpose, or the installation, does not take files of this size."""

    code = "FILE_TOO_LARGE"
    message = "This file is too large."


class NotUploaded(Conflict):
    """The file was signed for, and its content has not arrived."""

    code = "FILE_NOT_UPLOADED"
    message = "The content has not been uploaded yet."


class AlreadyUploaded(Conflict):
    """The signature was used: the content has arrived."""

    code = "FILE_ALREADY_UPLOADED"
    message = "The content was uploaded already; sign for another file."


class UploadSpent(Gone):
    """The upload is complete, or its file is gone."""

    code = "FILE_UPLOAD_SPENT"
    message = "This upload is over; sign for another file."


class LinkExpired(Gone):
    """The signed address has run out."""

    code = "FILE_LINK_EXPIRED"
    message = "This address has expired; ask for another one."


class SignatureInvalid(Forbidden):
    """The address was not signed by us, for this gym and this method."""

    code = "FILE_SIGNATURE_INVALID"
    message = "This address is not good."


class FileNotReady(Conflict):
    """The file is not complete, or not scanned yet."""

    code = "FILE_NOT_READY"
    message = "This file is not ready yet."


class FileRejected(Gone):
    """The file was refused, and its content is gone."""

    code = "FILE_REJECTED"
    message = "This file was refused; upload another one."


class FileInUse(Conflict):
    """The gym's settings show this file."""

    code = "FILE_IN_USE"
    message = "The gym uses this file; choose another one there first."


class SizeMismatch(Unprocessable):
    """The content is longer or shorter than declared."""

    code = "FILE_SIZE_MISMATCH"
    message = "The content does not have the declared size."


class TypeMismatch(Unprocessable):
    """The content is not what the declared type says."""

    code = "FILE_TYPE_MISMATCH"
    message = "The content is not of the declared type."


class ContentRefused(Unprocessable):
    """The content is of the declared type and something else besides."""

    code = "FILE_CONTENT_REFUSED"
    message = "The content could be taken for something else than an image."


class ChecksumMismatch(Unprocessable):
    """The content does not have the declared SHA-256."""

    code = "FILE_CHECKSUM_MISMATCH"
    message = "The content does not have the declared checksum."


class UploadTooSlow(AppError):
    """The content came in too slowly."""

    code = "FILE_UPLOAD_TOO_SLOW"
    status = 408
    message = "The upload was too slow; try again on a better connection."


class RangeRefused(AppError):
    """The part that is asked for begins behind the end of the content."""

    code = "FILE_RANGE_REFUSED"
    status = 416
    message = "The content ends before this range begins."

    def __init__(self, size_bytes: int) -> None:
        super().__init__(headers={"Content-Range": f"bytes */{size_bytes}"})


class StoreFailed(ProviderFailed):
    """The object store did not do what it was asked to."""

    code = "FILE_STORE_FAILED"
    message = "The file store does not answer; try again later."


class ScanFailed(Exception):
    """The scanner gave no verdict; the job tries again."""


class ScanImpossible(Exception):
    """The scanner will never give a verdict on this file; the text says why."""
