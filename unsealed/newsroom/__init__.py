"""The bundled newsroom: fictional outlets, a mail server and a Slack stand-in, real and on loopback."""

from unsealed.newsroom.running import Newsroom, newsroom

__all__ = ["Newsroom", "newsroom"]
