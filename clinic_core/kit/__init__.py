"""Pure helpers without database or Streamlit: money, calendar, recurrence, formats, clock, ids, text."""
