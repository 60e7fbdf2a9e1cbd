"""Whether the tests would notice a mistake: python -m tests.mutation --seed 1 --count 200."""
