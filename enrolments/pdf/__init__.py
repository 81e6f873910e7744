"""Papers about money. They are drawn from frozen facts and ask no database, so a reprint is what was issued."""
