"""CloudWatch alarms that look at their metric: moto keeps alarms and data, what follows from them is here."""
