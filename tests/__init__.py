"""Tests of migrate, and the lab of real servers they run against."""
