"""Tables and figures from results that are there: an edit here trains and evaluates nothing."""
