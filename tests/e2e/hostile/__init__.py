"""Schemas made to break a copy: values, keys and definitions that other tools lost. SQL in files, values made here."""
