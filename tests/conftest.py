"""What holds for all tests."""

import signal

# Who starts them in the background of a shell has them ignore Ctrl-C, and all that they start: on
# a build server, say. A command that is to be interrupted would go on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
