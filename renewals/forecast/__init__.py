"""What renewals of the coming weeks are expected, and what money.

expectation   due × last term's share, on plain values
sets          who comes due when, and how the last term went: counted and added up in SQL
forms, views  the pages
"""
