"""The same API as two other teams would write it: Django REST framework, FastAPI."""
