"""What a plugin says of itself: manifest, permissions, settings."""

from collections.abc import Iterator
from pathlib import Path

import marshmallow as ma
from packaging.version import InvalidVersion, Version

from core.access import Role
from core.authoring.findings import Finding
from core.authoring.subject import Subject


def manifest(subject: Subject) -> Iterator[Finding]:
    """It says what an admin, and an installer, wants to know."""
    told = subject.manifest
    for name in ("title", "summary", "category"):
        if not getattr(told, name).strip():
            yield subject.finding(
                "MANIFEST_INCOMPLETE",
                f"manifest.{name}",
                "An admin reads it, and it is empty.",
                "Write it.",
            )
    try:
        Version(told.version)
    except InvalidVersion:
        yield subject.finding(
            "MANIFEST_VERSION",
            "manifest.version",
            f"{told.version!r} is no version.",
            "Write one as PEP 440 has it, such as 1.0.0.",
        )
    if told.always_on:
        yield subject.finding(
            "MANIFEST_ALWAYS_ON",
            "manifest.always_on",
            "Only the platform's own registry of gyms is always on.",
            "Leave it out, so that each gym can choose.",
        )


def page(subject: Subject) -> Iterator[Finding]:
    """Its page of documentation is named, and is there.

    Pages lie beside the code and are not installed with it, so whether it is there is
    asked where the plugin lies in the folder of its project.
    """
    named = subject.manifest.docs
    if not named:
        problem = "No page of documentation is named."
    else:
        project = _project(subject.folder)
        if project is None or (project / "docs" / named).is_file():
            return
        problem = f"There is no page docs/{named}."
    yield subject.finding(
        "DOCS_PAGE",
        "manifest.docs",
        problem,
        "Write the page and name it by its path below docs/.",
    )


def permissions(subject: Subject) -> Iterator[Finding]:
    """Each says what it allows, an admin holds it, and guests at most read."""
    for one in subject.manifest.permissions:
        problem = None
        if not one.summary.strip():
            problem = "It does not say what it allows."
        elif Role.ADMIN not in one.roles:
            problem = "The admin does not hold it at first."
        elif Role.PARTNER in one.roles and not one.name.endswith(".read"):
            problem = "Guests hold it at first, and it allows more than to read."
        if problem is not None:
            yield subject.finding(
                "PERMISSION_ROLES",
                one.name,
                problem,
                "Take one of the sets of core.sdk.base, such as STAFF, and a summary.",
            )


def settings(subject: Subject) -> Iterator[Finding]:
    """A gym that set nothing has a value for each."""
    schema = subject.manifest.settings
    for name, field in (schema().fields if schema else {}).items():
        if field.load_default is ma.missing:
            yield subject.finding(
                "SETTING_WITHOUT_DEFAULT",
                f"settings.{name}",
                "A gym that never set it has no value.",
                "Give the field a load_default.",
            )


def _project(folder: Path) -> Path | None:
    """The project that a package lies in; None for one that was installed."""
    if "site-packages" in folder.parts:
        return None
    for parent in folder.parents:
        if (parent / "pyproject.toml").is_file():
            return parent
    return None
