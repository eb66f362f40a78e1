"""The uplink: an HTTP CONNECT proxy to one service, whose tunnels fail as they are told.

What passes through a tunnel is the device's and the service's business, TLS included; faults act on
the bytes, in one file each.
"""
