"""Who may log in at the venue's broker, and what each account may say and hear there."""
