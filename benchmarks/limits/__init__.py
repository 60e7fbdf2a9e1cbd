"""The limit: training steps in C written by hand, beside ours."""
