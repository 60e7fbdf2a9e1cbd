"""Programs and models that were written for other libraries."""
