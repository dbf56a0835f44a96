"""Vending: the life of a team's accounts, as one state machine with handlers that are decisions around boto3.

`machine.asl.json` is the order of things, `handlers` are its Lambda functions, `decisions` says what to do next from
facts alone, and the modules beside them read those facts and carry the decisions out.
"""
