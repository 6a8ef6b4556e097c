"""Errors of files whose rest cannot be read."""

from affectflow.errors import RowError


class DamagedFileError(RowError):
    """The rest of a file cannot be read; what came before it can."""

    error_type = "damaged_file"


class TruncatedFileError(DamagedFileError):
    """A compressed file ends before its end mark."""

    error_type = "truncated_file"
