"""The API in Django REST framework."""
