"""Terraform for moving data: plan, review, apply and verify."""

__version__ = "0.1.0"
