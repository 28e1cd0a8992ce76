"""One file per action: observe, plan, judge, undo, its IAM actions and its risk."""
