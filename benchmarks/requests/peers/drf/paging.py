"""Pages of lists."""

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from benchmarks.requests.peers.common.http import MAX_LIMIT, pagination
from benchmarks.requests.peers.drf.http import success


class EnvelopedPages(PageNumberPagination):
    """``page`` and ``limit``, with the total beside the data."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = MAX_LIMIT

    def get_paginated_response(self, data: Any) -> Response:
        pages = self.page.paginator
        described = pagination(self.page.number, pages.per_page, pages.count)
        return success(self.request, data, pagination=described)
