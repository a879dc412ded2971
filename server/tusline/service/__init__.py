"""What tusline does with uploads: the doors and the rules put together, no HTTP."""
