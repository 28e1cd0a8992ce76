"""One file per action: ``observe``, ``plan``, ``apply``, ``verify``, ``undo``, its IAM, its risk."""
