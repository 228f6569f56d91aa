"""The root of every error Comport raises on purpose."""


class ComportError(Exception):
    """Something a person can mend: where it is, what was found, what was expected, what to do.

    Subclasses stand beside the code that raises them. They pass every field to
    `super().__init__` and format it in `__str__`, so that they survive pickling across processes.
    """

    @property
    def line(self) -> str:
        """The whole message on one line, as the command line prints it."""
        return " ".join(str(self).split())
