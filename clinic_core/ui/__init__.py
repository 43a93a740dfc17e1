"""Building blocks of the pages: page head, navigation, tables, forms, calendar, charts."""
