"""What a check found."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """Something that a plugin has to mend.

    Attributes:
        plugin: Its id.
        code: Of the rule, as in the plugin guide.
        place: Where: a file, a table, a name in the manifest.
        problem: What is wrong there.
        remedy: What to do.
    """

    plugin: str
    code: str
    place: str
    problem: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        """For machines."""
        return asdict(self)

    def as_text(self) -> str:
        """For people."""
        return f"{self.plugin}: {self.code} {self.place}: {self.problem} {self.remedy}"
