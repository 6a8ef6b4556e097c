"""What measures of pairs have in common: tables, fits, graphs."""
