"""The student's own program as loops, for C, JavaScript and the machine; see README.md."""
