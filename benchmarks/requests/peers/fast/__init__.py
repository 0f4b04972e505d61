"""The API in FastAPI, with SQLAlchemy on asyncio."""
