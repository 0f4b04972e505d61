"""Connections, and a transaction for each request."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.requests.peers.common.environment import environment

engine = create_async_engine(
    environment().database_url.replace("postgresql://", "postgresql+asyncpg://", 1),
    pool_size=10,
    max_overflow=0,
    connect_args={"server_settings": {"application_name": "peer-fastapi"}},
)
_sessions = async_sessionmaker(engine, expire_on_commit=False)


async def _transaction() -> AsyncIterator[AsyncSession]:
    """Commits before the answer is sent; rolls back on an exception."""
    async with _sessions.begin() as session:
        yield session


Database = Annotated[AsyncSession, Depends(_transaction, scope="function")]
