"""What the pages of the police room share: the one blueprint."""

from flask import Blueprint

web = Blueprint("exports", __name__, template_folder="templates")
# Rows of a list that stands below a form.
FEW = 20
