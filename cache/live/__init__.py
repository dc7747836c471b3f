"""Running answers that are shared through Redis. Needs the extra ``redis``.

Whoever leads keeps an answer in memory, like every recorder, and tells Redis nothing but that it
leads, until somebody in another process wants to follow. Then a log of the answer is written into
Redis behind the stream, by one more reader of it, and a mirror in the other process reads it.
An answer that nobody joins elsewhere costs no command a token.
"""
