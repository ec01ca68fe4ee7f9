"""What gunicorn and the `flask` command start."""

from pbtrain.app import create_app

app = create_app()
