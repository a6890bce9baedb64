"""What stands around every screen: header, answer, footer, the places of the panels."""
