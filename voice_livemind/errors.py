"""The two ways in which a command ends early on purpose: one line each, no traceback."""


class UserError(Exception):
    """Wrong use or wrong input; the message says what, where and what to do. Exit status 2."""


class Failure(Exception):  # noqa: N818  "Error" would say that it is a bug
    """Right use, but it could not be done; the message says why. Exit status 1."""
