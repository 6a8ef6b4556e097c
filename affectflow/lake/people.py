"""Who among the annotators is a person: whoever the table `annotators` says is one."""

PEOPLE = "(SELECT annotator_id FROM annotators WHERE kind = 'person')"
"""The ids of people who label by hand, as SQL; `gold` writes them before any answer."""
