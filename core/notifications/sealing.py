"""Variables of a message while it waits: under a key that the database never sees."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from core.config.vault import SealBroken, Vault
from core.notifications.errors import Refused, TemplateDefect

MAX_VARIABLES_BYTES = 32 * 1024

PURPOSE = "notifications"
"""The vault's purpose of variables."""


class Seal:
    """Seals and opens variables.

    The delivery's id and gym are authenticated with them, so that a sealed value
    moved to another row does not open.

    Args:
        vault: Holds the keys.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def close(
        self, variables: Mapping[str, Any], *, tenant_id: UUID, delivery_id: UUID
    ) -> bytes:
        """Seals variables.

        Raises:
            TemplateDefect: They are no JSON values, or too large.
        """
        try:
            clear = orjson.dumps(dict(variables))
        except TypeError as error:
            raise TemplateDefect(f"Variables of a template: {error}.") from error
        if len(clear) > MAX_VARIABLES_BYTES:
            raise TemplateDefect(
                f"Variables of a template take {len(clear)} bytes; "
                f"{MAX_VARIABLES_BYTES} are allowed."
            )
        bound = tenant_id.bytes + delivery_id.bytes
        return self._vault.seal(clear, purpose=PURPOSE, bound_to=bound)

    def open(
        self, sealed: bytes, *, tenant_id: UUID, delivery_id: UUID
    ) -> dict[str, Any]:
        """Opens what ``close`` made for the same delivery.

        Raises:
            Refused: Its master key is gone, or the value was tampered with.
        """
        bound = tenant_id.bytes + delivery_id.bytes
        try:
            clear = self._vault.open(sealed, purpose=PURPOSE, bound_to=bound)
        except SealBroken as error:
            raise Refused(
                "Its variables cannot be opened: the encryption key has changed."
            ) from error
        variables: dict[str, Any] = orjson.loads(clear)
        return variables
