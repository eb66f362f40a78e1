"""The reference check-in service: a Supabase-shaped HTTP interface over one SQLite file
or one PostgreSQL database.

It is the embedded default for the system under rehearsal, honest by itself and, on request, with
one planted fault that a rehearsal must find.
"""
