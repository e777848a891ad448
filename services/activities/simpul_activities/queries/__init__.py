"""Questions: SQL beside the page or document it answers with."""
