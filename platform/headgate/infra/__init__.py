"""Headgate's accounts as CloudFormation: one template per kind of stack, the same for one team and for a hundred.

What differs between accounts comes by CloudFormation parameters, never by another template. `synth.synthesize` is the
way in: it is cached by content, and only a miss imports the CDK.
"""

from __future__ import annotations
