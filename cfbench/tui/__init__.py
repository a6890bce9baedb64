"""The workbench in a terminal. It sees the bench and the ground alone; whatever is heavy happens behind the bench."""
