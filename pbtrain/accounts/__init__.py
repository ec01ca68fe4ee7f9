"""A login: user name, password, first code on a printed slip, server-side sessions, throttling."""
