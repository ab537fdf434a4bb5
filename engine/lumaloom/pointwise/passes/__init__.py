"""What is done to a graph before code is made of it; folding and common subexpressions come with the nodes."""
