"""README.md and the pages of reports/ whose numbers come from the reports."""
