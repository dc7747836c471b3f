"""The gRPC door: an interceptor for servers of ``grpc.aio``. Needs the extra ``grpc``."""

from __future__ import annotations

from ...wire.errors import MissingExtraError

try:
    from .interceptor import GuardInterceptor
except ModuleNotFoundError as error:
    if error.name != "grpc":
        raise
    raise MissingExtraError("grpc", "streamward.middleware.grpc") from error

__all__ = ["GuardInterceptor"]
