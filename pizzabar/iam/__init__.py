"""IAM: roles, the policies of roles and resources, and what they say of each hop."""
