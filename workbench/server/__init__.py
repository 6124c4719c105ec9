"""What others reach over the network. Async lives here and nowhere else; a handler parses, calls `app`, answers.

receiver.py   public, alone on its own port, no kernels: Bright Data's webhook and the cron address
wire.py       HTTP/1.1 for a public port: one request a connection, every size and time bounded
__main__.py   `python -m workbench.server`: the receiver as a process
"""
