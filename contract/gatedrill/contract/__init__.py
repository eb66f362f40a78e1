"""The words every part shares: values and pure rules, no I/O.

A part of the house imports from here and never from its peers; whatever two parts must agree on
(an outcome, a message, a topic, a wire field) has its one definition in this package.
"""
