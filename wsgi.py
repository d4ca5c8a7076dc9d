"""The application that a web server loads; also what the `flask` command finds."""

from rental_mgmt import create_app

app = create_app()
