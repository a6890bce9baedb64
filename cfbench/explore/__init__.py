"""What was learned: trained models, read from their runs' folders."""
