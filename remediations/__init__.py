"""The write side: intake, ledger, engine, action, verification, ledger."""
