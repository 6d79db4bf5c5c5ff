"""Many runs at once: the batch file, the plan, the workers, resuming, what all runs amount to."""
