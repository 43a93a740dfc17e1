"""The clinic: rules, data and documents; `pages`, the command line and the web only call it."""
