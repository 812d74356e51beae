"""What is written about an incident, and signed: forms, actions, discrepancies, approvals, what makes them void."""
