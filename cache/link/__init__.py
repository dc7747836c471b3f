"""How :class:`~..redis_link.RedisLink` reaches Redis. Needs the extra ``redis``."""
