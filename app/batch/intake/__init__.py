"""The file of a batch, read one report at a time: what is accepted, and why the rest is refused."""

from app.batch.intake.forms import Form, IntakeLimits, form_of
from app.batch.intake.read import read_batch

__all__ = ["Form", "IntakeLimits", "form_of", "read_batch"]
