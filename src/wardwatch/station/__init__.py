"""In: monitors. Out: a central station that receives, keeps, checks, passes on; a secondary display."""
