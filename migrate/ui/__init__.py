"""What people and programs read: text for eyes, JSON lines for programs. Pure functions of values, but for the bars."""
