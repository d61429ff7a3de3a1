"""Two runs side by side: who entered and left, and which distributions moved. Reads what runs left, decides nothing."""
