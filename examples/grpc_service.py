"""A service of gRPC whose answers are guarded.

Run it: ``python grpc_service.py``. It registers its method by hand and answers in a message that
protobuf has, so that one file is enough; in life both come out of a ``.proto`` file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
from google.protobuf.struct_pb2 import Value
from grpc import aio

from streamward.guardrails import PII
from streamward.middleware.grpc import GuardInterceptor

TOKENS = ("Her ", "mail is ", "ada.sam", "ple@exam", "ple.com", ". Any", "thing else?")


async def say(question: Value, context: aio.ServicerContext) -> AsyncIterator[Value]:
    del question, context
    for token in TOKENS:  # in life: a model's stream
        yield Value(string_value=token)


async def serve(address: str) -> tuple[aio.Server, int]:
    guard = GuardInterceptor(fields={"/chat.Chat/*": "string_value"}, guards=[PII()])
    server = aio.server(interceptors=[guard])
    method = grpc.unary_stream_rpc_method_handler(say, Value.FromString, Value.SerializeToString)
    handler = grpc.method_handlers_generic_handler("chat.Chat", {"Say": method})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port(address)
    await server.start()
    return server, port


async def main() -> None:
    server, port = await serve("127.0.0.1:50051")
    print(f"serving on port {port}")
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
