"""ReadCsv: tables of separated values, as spreadsheets and trackers write them."""

from affectflow_connectors.csv.parsing import TooLong, lines, records
from affectflow_connectors.csv.table import ReadCsv

__all__ = ["ReadCsv", "TooLong", "lines", "records"]
