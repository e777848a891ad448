"""`simpul demo`: loads the sample through the public APIs only, and prints the report from reporting's own API."""
