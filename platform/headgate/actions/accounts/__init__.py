"""What the platform team does with an organization: plan, apply, vend, isolate and retire accounts."""
