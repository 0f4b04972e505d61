"""Identifiers as text: the driver and orjson take them as they are."""

import os
import time


def new_id() -> str:
    """A fresh UUID of version 7: 48 bits of milliseconds, then 74 random bits."""
    time_part = f"{time.time_ns() // 1_000_000:012x}"
    chance = os.urandom(10).hex()
    variant = "89ab"[int(chance[3], 16) & 3]
    return (
        f"{time_part[:8]}-{time_part[8:]}-7{chance[:3]}-{variant}{chance[4:7]}"
        f"-{chance[7:19]}"
    )
