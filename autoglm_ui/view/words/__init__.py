"""The words of the page's features, each in both languages."""
