"""In: stretches of machine code. Out: their flow; one module for each instruction set, chosen in `programs.code`."""
