"""In: captures or flow logs. Out: which devices sent what to whom, as findings, exposures and gaps."""
